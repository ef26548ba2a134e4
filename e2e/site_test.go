// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-clerk/caddy-clerk"
	_ "github.com/caddy-clerk/caddy-clerk/emulator"
)

const (
	root     = ".."
	demoFile = root + "/examples/demo/Caddyfile"
	// clientDirectory is where the demo looks for Clerk's own client.
	clientDirectory = "e2e/node_modules/@clerk"
	// The ports of the demo: its site, and the application behind it.
	demoPort, upstreamPort = "8080", "8081"
)

// siteOptions say in what the site under test differs from the demo.
type siteOptions struct {
	// production has the emulator play a production instance.
	production bool
	// tokenLifetime is the emulator's, its default when empty. When it is set,
	// the gate allows for no clock skew, so that tokens end when they say.
	tokenLifetime string
	// withoutClient has Clerk's own client be looked for where there is none.
	withoutClient bool
	// demoPorts serves on the demo's own ports, which may be taken.
	demoPorts bool
}

// startSite runs the demo in this process until the test ends, and gives its
// origin. One process has one Caddy, so the tests cannot run in parallel.
func startSite(t *testing.T, o siteOptions) (origin string) {
	t.Helper()
	ports := runCaddy(t, 2, func(ports []string, log string) string {
		if o.demoPorts {
			copy(ports, []string{demoPort, upstreamPort})
		}
		return derive(t, o, ports, log)
	})
	return "http://localhost:" + ports[0]
}

// runCaddy runs a Caddy until the test ends, with the Caddyfile that is written
// for so many free ports.
func runCaddy(t *testing.T, count int, write func(ports []string, log string) string) (ports []string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "caddy.log")
	t.Cleanup(func() { showLog(t, log) })
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("stopping Caddy: %v", err)
		}
	})
	// Between finding that a port is free and taking it, another process may
	// take it.
	var err error
	for range 5 {
		ports = freePorts(t, count)
		config := adapt(t, write(ports, log))
		if err = caddy.Load(config, true); err == nil {
			return ports
		}
		if !strings.Contains(err.Error(), "address already in use") {
			break
		}
	}
	t.Fatalf("starting Caddy: %v", err)
	return nil
}

// freePorts holds all ports before it lets go of any, so that they differ.
func freePorts(t *testing.T, count int) []string {
	t.Helper()
	ports := make([]string, count)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("looking for a free port: %v", err)
		}
		defer func() { _ = listener.Close() }()
		_, ports[i], err = net.SplitHostPort(listener.Addr().String())
		if err != nil {
			t.Fatalf("looking for a free port: %v", err)
		}
	}
	return ports
}

// draft is a Caddyfile that is made out of the demo's. What it replaces has to be
// there: the demo is what is tested, not something that it once was.
type draft struct {
	t    *testing.T
	text string
}

func (d *draft) replace(old, replacement string) {
	d.t.Helper()
	if !strings.Contains(d.text, old) {
		d.t.Fatalf("%s has no %q any more; the test has to follow it", demoFile, old)
	}
	d.text = strings.ReplaceAll(d.text, old, replacement)
}

// newDraft is the demo as it is, but on other ports and run from this directory.
func newDraft(t *testing.T, sitePort, upstream string) *draft {
	t.Helper()
	content, err := os.ReadFile(demoFile)
	if err != nil {
		t.Fatalf("reading the demo: %v", err)
	}
	d := &draft{t, string(content)}
	for _, directory := range []string{"examples/demo/site", clientDirectory} {
		path, err := filepath.Abs(filepath.Join(root, directory))
		if err != nil {
			t.Fatal(err)
		}
		d.replace(directory, `"`+path+`"`)
	}
	d.replace(":"+demoPort, ":"+sitePort)
	d.replace(":"+upstreamPort, ":"+upstream)
	return d
}

// keep has state go where the test ends with it. Stopping does not wait for the
// connections that a browser keeps open.
func (d *draft) keep(log string) {
	d.t.Helper()
	d.replace("\tpersist_config off\n", fmt.Sprintf(
		"\tpersist_config off\n\tgrace_period 1s\n\tstorage file_system %q\n\tlog {\n\t\toutput file %q\n\t}\n", d.t.TempDir(), log))
}

// derive makes the Caddyfile of the test out of the demo's.
func derive(t *testing.T, o siteOptions, ports []string, log string) string {
	t.Helper()
	d := newDraft(t, ports[0], ports[1])
	d.keep(log)
	emulator := ""
	if o.withoutClient {
		d.replace(clientDirectory, t.TempDir())
	}
	if o.production {
		d.replace("pk_test_", "pk_live_")
		d.replace("sk_test_", "sk_live_")
		emulator += "\t\tproduction\n"
	}
	if o.tokenLifetime != "" {
		d.replace("\tclerk {\n", "\tclerk {\n\t\tclock_skew 0s\n")
		emulator += "\t\ttoken_lifetime " + o.tokenLifetime + "\n"
	}
	d.replace("\tclerk_emulator /__clerk\n", "\tclerk_emulator /__clerk {\n"+emulator+"\t}\n")
	return d.text
}

func adapt(t *testing.T, config string) []byte {
	t.Helper()
	adapted, warnings, err := caddyconfig.GetAdapter("caddyfile").
		Adapt([]byte(config), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		t.Fatalf("adapting the Caddyfile: %v\n%s", err, config)
	}
	for _, warning := range warnings {
		t.Errorf("adapting the Caddyfile: %s\n%s", warning, config)
	}
	return adapted
}

// showLog gives Caddy's log to whoever has to find out why a test failed.
func showLog(t *testing.T, file string) {
	t.Helper()
	if !t.Failed() {
		return
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Logf("Caddy's log cannot be read: %v", err)
		return
	}
	t.Logf("Caddy's log:\n%s", content)
}
