// Command distribution is the CNCF's registry, version 3, for tests: its own handlers, storage and access control, as
// its configuration file says, without what its command adds (tracing, error reporting, drivers of clouds).
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	"golang.org/x/crypto/bcrypt"

	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/auth/token"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "distribution:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) == 2 && arguments[0] == "serve":
		return serve(arguments[1])
	case len(arguments) == 3 && arguments[0] == "htpasswd":
		return printAccount(arguments[1], arguments[2])
	}
	return fmt.Errorf("it is started as distribution serve CONFIGURATION or distribution htpasswd NAME PASSWORD")
}

// printAccount gives the line of a password file, with the cheapest hash: tests sign in often.
func printAccount(name, password string) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s:%s\n", name, hash)
	return err
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
