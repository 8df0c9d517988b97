// Command docker-registry is distribution 2.8 for machines where Debian's package of that name cannot be had: its own
// handlers, storage and access control, started as Debian's is: docker-registry serve CONFIGURATION.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/docker/distribution/configuration"
	"github.com/docker/distribution/registry/handlers"

	_ "github.com/docker/distribution/registry/auth/htpasswd"
	_ "github.com/docker/distribution/registry/storage/driver/filesystem"
)

func main() {
	fmt.Fprintln(os.Stderr, "docker-registry:", serve(os.Args[1:]))
	os.Exit(1)
}

func serve(arguments []string) error {
	if len(arguments) != 2 || arguments[0] != "serve" {
		return fmt.Errorf("it is started as docker-registry serve CONFIGURATION")
	}
	file, err := os.Open(arguments[1])
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
