// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"

	_ "github.com/caddy-clerk/caddy-clerk"
	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// site is a Caddy that runs in this process, for one test at a time.
type site struct {
	t       *testing.T
	url     string
	logFile string
	client  *http.Transport
	// loads counts the configurations that were given to it.
	loads int
}

// clerk is an emulator on a port of its own, as Clerk is elsewhere.
type clerk struct {
	*emulator.Emulator
	server *httptest.Server
	// requests counts what Caddy asked of it, by path.
	requests chan string
}

func startClerk(t *testing.T, o emulator.Options) *clerk {
	t.Helper()
	e := emulate(t, o)
	c := &clerk{Emulator: e, requests: make(chan string, 1000)}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case c.requests <- r.URL.Path:
		default:
		}
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(c.server.Close)
	return c
}

// asked tells how many requests have come in since it was last called.
func (c *clerk) asked() int {
	n := len(c.requests)
	for range n {
		<-c.requests
	}
	return n
}

// settings are those of a gate that uses this Clerk.
func (c *clerk) settings() string {
	return fmt.Sprintf(`publishable_key %s
		secret_key %s
		api_url %s/__clerk`, c.PublishableKey(), c.SecretKey(), c.server.URL)
}

// withoutEnvironment keeps the settings of whoever runs the tests out of them.
func withoutEnvironment(t testing.TB) {
	t.Helper()
	for _, name := range []string{"CLERK_PUBLISHABLE_KEY", "CLERK_SECRET_KEY", "CLERK_MACHINE_SECRET_KEY", "CLERK_JWT_KEY", "CLERK_API_URL", "CLERK_FAPI_URL"} {
		unset(t, name)
	}
}

// unset takes a variable out of the environment until the test ends.
func unset(t testing.TB, name string) {
	t.Helper()
	t.Setenv(name, "")
	if err := os.Unsetenv(name); err != nil {
		t.Fatal(err)
	}
}

// adapt turns a Caddyfile into JSON.
func adapt(t *testing.T, caddyfile string) []byte {
	t.Helper()
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		t.Fatalf("adapting: %v\n%s", err, caddyfile)
	}
	return config
}

// freePort gives a port that was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// serve runs a Caddy with the directives given as its only site. In globals
// and directives, {{port}} is the site's port.
func serve(t *testing.T, globals, directives string) *site {
	t.Helper()
	withoutEnvironment(t)
	port := freePort(t)
	s := &site{
		t:       t,
		url:     "http://localhost:" + strconv.Itoa(port),
		logFile: filepath.Join(t.TempDir(), "log"),
		client:  newClient(),
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := s.load(globals, directives); err != nil {
		t.Fatal(err)
	}
	return s
}

// newClient makes a transport that opens a connection for every request: a
// reload closes those that wait for the next one.
func newClient() *http.Transport { return &http.Transport{DisableKeepAlives: true} }

// load gives a running site another configuration.
func (s *site) load(globals, directives string) error {
	s.t.Helper()
	config := `{
	admin off
	persist_config off
	storage file_system ` + filepath.Dir(s.logFile) + `
	log {
		output file ` + s.logFile + `
		level DEBUG
	}
	` + globals + `
}
` + s.url + ` {
	bind 127.0.0.1
	` + directives + `
}
http://` + loadsHost + `:{{port}} {
	bind 127.0.0.1
	respond ` + strconv.Itoa(s.loads+1) + `
}
`
	_, port, _ := strings.Cut(strings.TrimPrefix(s.url, "http://"), ":")
	config = strings.ReplaceAll(config, "{{port}}", port)
	if err := caddy.Load(adapt(s.t, config), true); err != nil {
		return err
	}
	s.loads++
	s.awaitLoad()
	return nil
}

// loadsHost is where a site tells which of its configurations answers.
const loadsHost = "loads.localhost"

// awaitLoad returns once the last configuration answers several times in a row.
// Until the servers that are going have closed their socket, the kernel gives
// them every other connection.
func (s *site) awaitLoad() {
	s.t.Helper()
	inARow := 0
	for range 1000 {
		req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		req.Host = loadsHost + ":" + req.URL.Port()
		resp, err := s.client.RoundTrip(req)
		if err != nil {
			inARow = 0
			continue
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(body) != strconv.Itoa(s.loads) {
			inARow = 0
			continue
		}
		if inARow++; inARow == 10 {
			return
		}
	}
	s.t.Fatal("expected the configuration that was loaded last to answer")
}

// log gives everything that was logged so far, debug lines included.
func (s *site) log() string {
	s.t.Helper()
	data, err := os.ReadFile(s.logFile)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// get asks the site for a path, with headers given as name and value in turn.
func (s *site) get(path string, headers ...string) answer {
	s.t.Helper()
	return s.send(http.MethodGet, path, headers...)
}

func (s *site) send(method, path string, headers ...string) answer {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := s.client.RoundTrip(req)
	for range 5 {
		// After a reload, and one that failed, Caddy's listener may still hand
		// connections to the servers that are going, which close them unread.
		// Clients ask again.
		if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			break
		}
		resp, err = s.client.RoundTrip(req)
	}
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.log())
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp, string(body)}
}

// expect checks the status and the headers, given as name and value in turn.
func (a answer) expect(t *testing.T, status int, headers ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("expected status %d, got %d (%v) %s", status, a.StatusCode, a.Header, a.body)
	}
	for i := 0; i < len(headers); i += 2 {
		if got := a.Header.Get(headers[i]); got != headers[i+1] {
			t.Errorf("expected %s: %q, got %q", headers[i], headers[i+1], got)
		}
	}
}

// bearer gives the headers of a program that sends a user's token.
func (c *clerk) bearer(t *testing.T, user, azp string) []string {
	t.Helper()
	token, err := c.Token(user, azp)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + token}
}

// document is what a browser sends when a person opens a page.
var document = []string{"Sec-Fetch-Dest", "document", "Accept", "text/html,application/xhtml+xml"}
