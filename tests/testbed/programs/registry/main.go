// Command registry is an OCI registry for tests: go-containerregistry's own, with what a registry in the world has and
// does around it: sign-in, TLS, persistence, and on request every kind of misbehaviour.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

type options struct {
	listen, addressFile string
	dir                 string
	auth, user          string
	tokenTTL            time.Duration
	noReferrers         bool
	tlsCert, tlsKey     string
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	flag.StringVar(&o.addressFile, "address-file", "", "file that receives host:port once the registry listens")
	flag.StringVar(&o.dir, "dir", "", "directory of blobs and of the journal of manifests (required)")
	flag.StringVar(&o.auth, "auth", "none", "none, basic or bearer")
	flag.StringVar(&o.user, "user", "", "name:password of the one account, for -auth basic and bearer")
	flag.DurationVar(&o.tokenTTL, "token-ttl", time.Minute, "how long a bearer token is good for")
	flag.BoolVar(&o.noReferrers, "no-referrers", false, "answer the referrers API with 404, as registries before OCI 1.1")
	flag.StringVar(&o.tlsCert, "tls-cert", "", "serving certificate (PEM)")
	flag.StringVar(&o.tlsKey, "tls-key", "", "serving key (PEM)")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "registry:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.dir == "" {
		return fmt.Errorf("-dir is required")
	}
	handler, err := newHandler(o)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		server.Close() // not Shutdown: a hanging fault must not keep the registry alive
	}()
	if err := announce(o.addressFile, listener.Addr().String()); err != nil {
		return err
	}
	if o.tlsCert != "" {
		err = server.ServeTLS(listener, o.tlsCert, o.tlsKey)
	} else {
		err = server.Serve(listener)
	}
	if err == http.ErrServerClosed {
		return nil
	}
	return err
}

// newHandler stacks the layers, outermost first: control, counting, faults, sign-in, referrers, journal, registry.
func newHandler(o options) (http.Handler, error) {
	blobs := filepath.Join(o.dir, "blobs")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return nil, err
	}
	var handler http.Handler = registry.New(
		registry.Logger(log.New(io.Discard, "", 0)),
		registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs)),
		registry.WithReferrersSupport(!o.noReferrers),
	)
	handler, err := withJournal(handler, filepath.Join(o.dir, "manifests.jsonl"))
	if err != nil {
		return nil, err
	}
	if !o.noReferrers {
		handler = withReferrers(handler)
	}
	handler = withPages(handler)
	handler, err = withAuth(handler, o)
	if err != nil {
		return nil, err
	}
	faults := &faultRules{}
	counts := &requestCounts{counts: map[string]int{}}
	mux := http.NewServeMux()
	mux.Handle("/_testbed/faults", faults)
	mux.Handle("/_testbed/requests", counts)
	mux.Handle("/", counts.count(faults.inject(handler)))
	return mux, nil
}

// announce writes the address in one move, so that a reader never sees half of it.
func announce(path, address string) error {
	fmt.Println("listening on", address)
	if path == "" {
		return nil
	}
	if err := os.WriteFile(path+".new", []byte(address+"\n"), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// pathKind says which part of the distribution API a path belongs to, and to which repository.
func pathKind(path string) (kind, repository string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if parts[0] != "v2" {
		return parts[0], ""
	}
	for i := len(parts) - 1; i > 1; i-- {
		switch parts[i] {
		case "manifests", "blobs", "referrers", "tags":
			return parts[i], strings.Join(parts[1:i], "/")
		}
	}
	return "base", ""
}
