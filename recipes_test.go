// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// TestRecipesAnswerAsTheirPagesSay runs the example of each page in
// docs/recipes in a real Caddy, with an emulator for Clerk and a stand-in for
// the application, sends what the page's curl lines send, and holds the page
// against the answers. With -update it writes them into the page.
func TestRecipesAnswerAsTheirPagesSay(t *testing.T) {
	pages, err := filepath.Glob("docs/recipes/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("expected pages, got %d (%v)", len(pages), err)
	}
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		if name == "README" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			example := "examples/" + name + "/Caddyfile"
			r := cook(t, read(t, example))
			before := read(t, page)
			after := r.answerAll(withExample(before, read(t, example)))
			if after == before {
				return
			}
			if !*update {
				t.Errorf("%s: expected\n%s\ngot\n%s", page, before, after)
				return
			}
			if err := os.WriteFile(page, []byte(after), 0o600); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// recipe is an example that runs.
type recipe struct {
	t      *testing.T
	client *http.Transport
	// scheme is that of the example's sites.
	scheme string
	// from is where requests come from.
	from net.Addr
	// variables are what the shell of whoever follows the page knows.
	variables map[string]string
}

var (
	siteAddress     = regexp.MustCompile(`(?m)^(?:http://)?((?:\*\.)?[a-z0-9-]+\.example\.(?:com|org))((?:, [a-z0-9.-]+)*) \{$`)
	authorizedParty = regexp.MustCompile(`(?m)^\s*authorized_parties (https://[^\s{]+)`)
	upstreamAddress = regexp.MustCompile(`localhost:300\d\b`)
	// shopSecretKey is where a Clerk other than that of the environment is
	// configured. In the tests each is at an address of its own.
	shopSecretKey = regexp.MustCompile(`(?m)^\t*secret_key \{env\.SHOP_CLERK_SECRET_KEY\}$`)
	plainScheme   = strings.NewReplacer("http://", "https://", "http%3A%2F%2F", "https%3A%2F%2F")

	// Addresses for documentation (RFC 5737) stand for some of this machine's.
	toLoopback   = strings.NewReplacer("192.0.2.", "127.0.2.", "198.51.100.", "127.51.100.")
	fromLoopback = strings.NewReplacer("127.0.2.", "192.0.2.", "127.51.100.", "198.51.100.")
)

// cook runs an example with plain HTTP on a free port, and with stand-ins for
// Clerk and for the application. Its sites keep their names.
func cook(t *testing.T, example string) *recipe {
	t.Helper()
	withoutEnvironment(t)
	site := siteAddress.FindStringSubmatch(example)
	if site == nil {
		t.Fatal("expected the address of a site")
	}
	r := &recipe{t: t, scheme: "https", variables: make(map[string]string)}
	if strings.HasPrefix(site[0], "http://") {
		r.scheme = "http"
	}
	c := r.startClerk("", "clerk.example.com")
	party := "https://" + site[1]
	if named := authorizedParty.FindStringSubmatch(example); named != nil {
		party = named[1]
	}
	r.addTokens(c, "", party)
	for _, further := range siteAddress.FindAllStringSubmatch(example, -1)[1:] {
		name, _, ok := strings.Cut(further[1], ".example.com")
		if ok {
			r.addTokens(c, strings.ToUpper(name)+"_", "https://"+further[1])
		}
	}
	if strings.Contains(example, "{env.SHOP_CLERK_SECRET_KEY}") {
		r.addTokens(r.startClerk("SHOP_", "clerk.shop.example.org"), "SHOP_", "https://shop.example.org")
	}
	application := httptest.NewServer(http.HandlerFunc(standIn))
	t.Cleanup(application.Close)
	port := freePort(t)
	r.client = &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{LocalAddr: r.from}).DialContext(ctx, network, "127.0.0.1:"+strconv.Itoa(port))
		},
	}
	globals := "{\n\tadmin off\n\tpersist_config off\n\thttp_port " + strconv.Itoa(port) +
		"\n\tdefault_bind 127.0.0.1\n\tstorage file_system " + t.TempDir() + "\n\tlog {\n\t\toutput discard\n\t}\n"
	config := siteAddress.ReplaceAllString(example, "http://$1$2 {")
	config = toLoopback.Replace(config)
	config = upstreamAddress.ReplaceAllString(config, strings.TrimPrefix(application.URL, "http://"))
	if strings.Contains(config, "php_fastcgi localhost:9000") {
		config = strings.ReplaceAll(config, "localhost:9000", startPHP(t))
	}
	config = shopSecretKey.ReplaceAllString(config, "$0\n\t\tapi_url {env.SHOP_CLERK_API_URL}")
	if strings.HasPrefix(config, "{\n") || strings.Contains(config, "\n{\n") {
		config = strings.Replace(config, "{\n", globals, 1)
	} else {
		config = globals + "}\n" + config
	}
	t.Cleanup(func() { _ = caddy.Stop() })
	if err := caddy.Load(adapt(t, config), true); err != nil {
		t.Fatal(err)
	}
	return r
}

// startClerk starts a Clerk instance of which the environment tells, under
// names with a prefix.
func (r *recipe) startClerk(prefix, frontendAPI string) *clerk {
	r.t.Helper()
	c := startClerk(r.t, emulator.Options{Production: true, FrontendAPI: frontendAPI, SecretKey: "sk_live_" + prefix + "secret"})
	r.t.Setenv(prefix+"CLERK_PUBLISHABLE_KEY", c.PublishableKey())
	r.t.Setenv(prefix+"CLERK_SECRET_KEY", c.SecretKey())
	r.t.Setenv(prefix+"CLERK_API_URL", c.server.URL+"/__clerk")
	return c
}

// addTokens makes an instance's tokens for the shell, under names with a prefix.
func (r *recipe) addTokens(c *clerk, prefix, origin string) {
	r.t.Helper()
	for variable, user := range map[string]string{"ALICE": "alice", "BOB": "bob", "CAROL": "carol"} {
		r.variables[prefix+variable] = strings.TrimPrefix(c.bearer(r.t, user, origin)[1], "Bearer ")
	}
	nameless, err := c.Token("carol", origin, emulator.WithClaims(map[string]any{"email": nil}))
	if err != nil {
		r.t.Fatal(err)
	}
	r.variables[prefix+"NAMELESS"] = nameless
	for variable, tokenType := range map[string]string{"API_KEY": "api_key", "OAUTH_TOKEN": "oauth_token", "M2M_TOKEN": "m2m_token"} {
		r.variables[prefix+variable] = strings.TrimPrefix(c.machineToken(r.t, tokenType)[1], "Bearer ")
	}
}

// standIn is the application behind the gate, which says what reached it.
func standIn(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Upgrade") == "websocket":
		greetBySocket(w, r)
		return
	case r.Header.Get("Accept") == "text/event-stream":
		sendEvents(w)
		return
	}
	fmt.Fprintf(w, "%s %s\n", r.Method, r.URL.RequestURI())
	for _, name := range sortedHeaders(r.Header) {
		if noise.MatchString(name) {
			continue
		}
		for _, value := range r.Header[name] {
			fmt.Fprintf(w, "%s: %s\n", name, value)
		}
	}
}

// noise are headers of requests and of answers that vary or tell nothing here.
var noise = regexp.MustCompile(`^(Accept|Accept-Encoding|User-Agent|Via|X-Forwarded-.*|Date|Server|Content-Length|Etag|Last-Modified|Accept-Ranges|Sec-Websocket-Accept)$`)

// madeID are names that the emulator makes anew each time.
var madeID = regexp.MustCompile(`\b(sess_|ins_)[A-Z2-7]{26}\b`)

func sortedHeaders(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// withExample puts the example into the page's first Caddyfile.
func withExample(page, example string) string {
	const open, end = "```caddyfile\n", "```\n"
	before, rest, ok := strings.Cut(page, open)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return page + "\n" + open + example + end
	}
	return before + open + example + end + after
}

var console = regexp.MustCompile("(?s)```console\n.*?```\n")

// answerAll gives the page with the answers that its curl lines get.
func (r *recipe) answerAll(page string) string {
	return console.ReplaceAllStringFunc(page, func(block string) string {
		var answered strings.Builder
		answered.WriteString("```console\n")
		for line := range strings.Lines(block) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				answered.WriteString(line + r.run(strings.TrimSpace(command)))
			}
		}
		return answered.String() + "```\n"
	})
}

// run does what the command curl would do, and gives what it prints. Headers
// that vary are left out, and tokens go by their variables.
func (r *recipe) run(command string) string {
	r.t.Helper()
	words := shellWords(command, r.variables)
	if len(words) < 2 || words[0] != "curl" {
		r.t.Fatalf("expected a curl line, got %q", command)
	}
	req := &http.Request{Method: http.MethodGet, Header: http.Header{"User-Agent": {"curl/8"}, "Accept": {"*/*"}}}
	head := false
	r.from = nil
	for i := 1; i < len(words); i++ {
		argument := func() string { i++; return words[i] }
		switch words[i] {
		case "-i":
			head = true
		case "-N", "--path-as-is":
		case "--interface":
			if runtime.GOOS != "linux" {
				r.t.Skip("only Linux has all of 127.0.0.0/8")
			}
			r.from = &net.TCPAddr{IP: net.ParseIP(toLoopback.Replace(argument()))}
		case "-X":
			req.Method = argument()
		case "-H":
			name, value, _ := strings.Cut(argument(), ":")
			req.Header.Set(name, strings.TrimSpace(value))
		case "-b":
			req.Header.Set("Cookie", argument())
		case "-u":
			name, password, _ := strings.Cut(argument(), ":")
			req.SetBasicAuth(name, password)
		case "-d":
			body := argument()
			req.Method, req.Body, req.ContentLength = http.MethodPost, io.NopCloser(strings.NewReader(body)), int64(len(body))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		default:
			scheme, address, _ := strings.Cut(words[i], "://")
			if scheme != r.scheme && scheme != "wss" || i != len(words)-1 {
				r.t.Fatalf("expected an address at the end of %q", command)
			}
			if scheme == "wss" {
				for name, value := range socketHeaders {
					req.Header.Set(name, value)
				}
			}
			parsed, err := http.NewRequest(req.Method, "http://"+address, nil)
			if err != nil {
				r.t.Fatal(err)
			}
			req.URL, req.Host = parsed.URL, parsed.Host
		}
	}
	return r.print(req, head)
}

// socketHeaders are what curl asks for a WebSocket with.
var socketHeaders = map[string]string{
	"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": socketKey,
}

func (r *recipe) print(req *http.Request, head bool) string {
	r.t.Helper()
	resp, err := r.client.RoundTrip(req.WithContext(r.t.Context()))
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var printed strings.Builder
	if head {
		fmt.Fprintf(&printed, "HTTP/1.1 %s\n", resp.Status)
		for _, name := range sortedHeaders(resp.Header) {
			for _, value := range resp.Header[name] {
				if !noise.MatchString(name) {
					fmt.Fprintf(&printed, "%s: %s\n", name, value)
				}
			}
		}
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return printed.String() + "\n" + readFrame(r.t, resp.Body) + "\n"
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if head && len(body) > 0 {
		printed.WriteString("\n")
	}
	printed.Write(body)
	text := madeID.ReplaceAllString(fromLoopback.Replace(printed.String()), "$1…")
	if r.scheme == "https" {
		text = plainScheme.Replace(text)
	}
	for name, value := range r.variables {
		text = strings.ReplaceAll(text, value, "$"+name)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// shellWords splits a command as a shell does, as far as pages need it: quotes
// of both kinds, and variables outside of single ones.
func shellWords(command string, variables map[string]string) []string {
	var words []string
	var word strings.Builder
	quote, started := rune(0), false
	for _, c := range command {
		switch {
		case quote == 0 && (c == '\'' || c == '"'):
			quote, started = c, true
		case c == quote:
			quote = 0
		case quote == 0 && c == ' ':
			if started {
				words = append(words, word.String())
			}
			word.Reset()
			started = false
		case quote == '\'' && c == '$':
			word.WriteRune('\x00') // Kept from being taken for a variable.
			started = true
		default:
			word.WriteRune(c)
			started = true
		}
	}
	if started {
		words = append(words, word.String())
	}
	for i := range words {
		words[i] = strings.ReplaceAll(os.Expand(words[i], func(name string) string { return variables[name] }), "\x00", "$")
	}
	return words
}
