// Command distribution2 is distribution 2.8 for tests, which Debian packages as docker-registry: its own handlers,
// storage and access control, as its configuration file says. It knows neither the referrers API nor the subject of a
// manifest.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/docker/distribution/configuration"
	"github.com/docker/distribution/registry/handlers"
	"golang.org/x/crypto/bcrypt"

	_ "github.com/docker/distribution/registry/auth/htpasswd"
	_ "github.com/docker/distribution/registry/auth/token"
	_ "github.com/docker/distribution/registry/storage/driver/filesystem"
)

func main() {
	config := flag.String("config", "", "configuration file (required)")
	htpasswd := flag.String("htpasswd", "", "file that receives the account's line before the registry starts")
	account := flag.String("account", "", "name:password of the one account, for -htpasswd")
	flag.Parse()
	err := writeAccount(*htpasswd, *account)
	if err == nil {
		err = serve(*config)
	}
	fmt.Fprintln(os.Stderr, "distribution2:", err)
	os.Exit(1)
}

// writeAccount makes the file with the cheapest hash: tests sign in often.
func writeAccount(path, account string) error {
	if path == "" {
		return nil
	}
	name, password, ok := strings.Cut(account, ":")
	if !ok {
		return fmt.Errorf("-htpasswd needs -account name:password")
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(name+":"+string(hash)+"\n"), 0o600)
}

func serve(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	config, err := configuration.Parse(file)
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:              config.HTTP.Addr,
		Handler:           handlers.NewApp(context.Background(), config),
		ReadHeaderTimeout: 10 * time.Second,
	}
	return server.ListenAndServe()
}
