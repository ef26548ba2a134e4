// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const caddyPackage = "github.com/caddy-clerk/caddy-clerk/bench/caddy"

// variant is what stands before the site's answer.
type variant int

const (
	plain variant = iota // nothing: site A
	floor                // what any gate must do at least: site F
	gate                 // clerk_auth: site B
	numVariants
)

func (v variant) String() string {
	return [numVariants]string{"site A, without a gate", "site F, with the floor of a gate", "site B, with clerk_auth"}[v]
}

// handlers are the names of those that do anything in the site.
func (v variant) handlers() []string {
	return [numVariants][]string{{"static_response"}, {"bench_floor", "static_response"}, {"clerk_auth", "static_response"}}[v]
}

// fleet starts the Caddys that are compared, between which there is no other
// difference than the variant.
type fleet struct {
	binary string // empty until it is built
	dir    string
	keys   *keyServer
	// gate are further subdirectives of the gate.
	gate string
	// options are further global options.
	options string
	// known is a header line that the gate lets pass.
	known string
	// admin is where the sites are administered; empty for nowhere.
	admin string

	started int
}

// prepare builds Caddy unless one was given, and makes sure that it compares
// what it is meant to.
func (f *fleet) prepare(ctx context.Context) error {
	if f.binary == "" {
		progress("building %s", caddyPackage)
		f.binary = filepath.Join(f.dir, "caddy")
		if err := f.command(ctx, "go", "build", "-o", f.binary, caddyPackage).Run(); err != nil {
			return fmt.Errorf("building Caddy: %w", err)
		}
	}
	// Each site runs in a folder of its own.
	var err error
	if f.binary, err = filepath.Abs(f.binary); err != nil {
		return fmt.Errorf("finding Caddy: %w", err)
	}
	for v := range numVariants {
		got, err := f.handlers(ctx, v)
		if err != nil {
			return err
		}
		if want := v.handlers(); !slices.Equal(got, want) {
			return fmt.Errorf("expected the handlers %v in the site, got %v", want, got)
		}
	}
	return nil
}

// command makes a command whose complaints are seen.
func (f *fleet) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	return cmd
}

var handlerName = regexp.MustCompile(`"handler":\s*"([a-z_]+)"`)

// handlers gives the names of a site's handlers in their order, of those that
// do anything of their own.
func (f *fleet) handlers(ctx context.Context, v variant) ([]string, error) {
	config, err := f.configure(f.directives(v), "127.0.0.1:80")
	if err != nil {
		return nil, err
	}
	// What it says about the format of the file is of no interest.
	var stderr bytes.Buffer
	cmd := f.command(ctx, f.binary, "adapt", "--adapter", "caddyfile", "--config", config)
	cmd.Stderr = &stderr
	adapted, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("adapting the Caddyfile: %w: %s", err, stderr.Bytes())
	}
	var names []string
	for _, match := range handlerName.FindAllSubmatch(adapted, -1) {
		if name := string(match[1]); name != "subroute" {
			names = append(names, name)
		}
	}
	return names, nil
}

// directives are those of a variant's site.
func (f *fleet) directives(v variant) string {
	return [numVariants]string{
		floor: "bench_floor " + f.keys.pkcs1 + "\n\t",
		gate: `clerk_auth {
		publishable_key ` + publishableKey() + `
		jwks_url ` + f.keys.url + `
		authorized_parties ` + authorizedParty + `
		` + f.gate + `
	}
	`,
	}[v] + `respond "ok"`
}

// configure writes the Caddyfile of a site at an address, beside which its
// storage and its log will be.
func (f *fleet) configure(directives, address string) (string, error) {
	f.started++
	home := filepath.Join(f.dir, "site-"+strconv.Itoa(f.started))
	if err := os.Mkdir(home, 0o700); err != nil {
		return "", fmt.Errorf("making a folder for a site: %w", err)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("reading the site's address: %w", err)
	}
	// The level is Caddy's default, and there is no access log.
	config := `{
	admin ` + cmp.Or(f.admin, "off") + `
	persist_config off
	auto_https off
	storage file_system ` + strconv.Quote(home) + `
	log {
		output file ` + strconv.Quote(filepath.Join(home, logName)) + `
		format json
		level INFO
	}
	` + f.options + `
}

http://` + address + ` {
	bind ` + host + `
	` + directives + `
}
`
	path := filepath.Join(home, "Caddyfile")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return "", fmt.Errorf("writing a Caddyfile: %w", err)
	}
	return path, nil
}

// environment keeps the settings of whoever runs the benchmark out of it, and
// Caddy out of their home.
func (f *fleet) environment(home string) []string {
	kept := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CLERK_") })
	return append(kept, "HOME="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home)
}

// freeAddress gives one that was free a moment ago.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// with runs a fresh Caddy, whose caches are empty, for as long as use takes.
func (f *fleet) with(ctx context.Context, v variant, use func(*site) error) error {
	if err := f.withSite(ctx, f.directives(v), use); err != nil {
		return fmt.Errorf("%s: %w", v, err)
	}
	return nil
}

// withSite is with for a site of any directives.
func (f *fleet) withSite(ctx context.Context, directives string, use func(*site) error) error {
	s, err := f.start(ctx, directives)
	if err != nil {
		return err
	}
	err = s.waitUntilReady(ctx, f.known)
	if err == nil {
		err = use(s)
	}
	return errors.Join(err, s.stop())
}
