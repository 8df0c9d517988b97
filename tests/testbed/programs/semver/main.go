// Command semver answers what Masterminds/semver, which Flux and Helm ask, says of ranges and versions.
//
// It reads lines of JSON, each a list of a range and tags, and writes for each one line of JSON: null where the range
// cannot be read, else for each tag null where it is not a version, and else whether it is in the range.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/Masterminds/semver/v3"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "semver:", err)
		os.Exit(1)
	}
}

func run() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	answers := json.NewEncoder(output)
	for lines.Scan() {
		var asked []string
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		if err := answers.Encode(judge(asked[0], asked[1:])); err != nil {
			return err
		}
	}
	return lines.Err()
}

func judge(text string, versions []string) any {
	constraint, err := semver.NewConstraint(text)
	if err != nil {
		return nil
	}
	verdicts := make([]any, len(versions))
	for i, each := range versions {
		if version, err := tagged(each); err == nil {
			verdicts[i] = constraint.Check(version)
		}
	}
	return verdicts
}

// tagged reads a tag as Flux does (fluxcd/pkg/version): a strict version, but for a v before it.
func tagged(tag string) (*semver.Version, error) {
	if _, err := semver.StrictNewVersion(strings.TrimPrefix(tag, "v")); err != nil {
		return nil, err
	}
	return semver.NewVersion(tag)
}
