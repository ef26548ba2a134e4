// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// recorder is an application that answers with the target of the request that
// reached it, to the letter. net/http would parse it, and refuse some.
func recorder(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				go record(conn)
			}
		}
	}()
	return listener.Addr().String()
}

func record(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	request, err := lines.ReadString('\n')
	headers := ""
	for line := request; err == nil && line != "\r\n"; {
		line, err = lines.ReadString('\n')
		headers += line
	}
	_, target, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(request), " HTTP/1.1"), " ")
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nX-Recorded: "+url.QueryEscape(target)+"\r\n\r\n"+headers)
}

// askFor sends a request for a target as it is, and gives what reached the
// application.
func (s *site) askFor(target string, headers ...string) (recorded string, reached bool, a answer) {
	s.t.Helper()
	host := strings.TrimPrefix(s.url, "http://")
	request := "GET " + strings.ReplaceAll(target, "HOST", host) + " HTTP/1.1\r\nHost: " + host + "\r\n"
	for i := 0; i < len(headers); i += 2 {
		request += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	a = s.raw(request + "Connection: close\r\n\r\n")
	values, reached := a.Header["X-Recorded"]
	if !reached {
		return "", false, a
	}
	recorded, err := url.QueryUnescape(values[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return recorded, true, a
}

// The ways in which applications read a path, as docs/paths.md calls them.
const (
	usual       = "decodes once, resolves dots, merges slashes, ignores case"
	parameters  = "drops what follows a semicolon (Tomcat, Jetty, Spring)"
	windows     = "takes backslashes for slashes and drops dots and spaces at the end of names (Windows)"
	twice       = "decodes twice"
	endsAtNUL   = "ends a path at a NUL"
	encodedMark = "takes an encoded question mark for the query's"
	uncleaned   = "looks at how the path begins before it resolves dots"
	upperCase   = "compares in upper case, beyond ASCII"
	withScript  = "takes `/index.php/admin` for `/admin` (PHP front controllers)"
	// addsSlash is of its own, since the others take a target without a slash
	// at its beginning for none, as servers do.
	addsSlash = "puts a slash before a target that has none"
)

// readings give, for each way, the path that a target is served by.
var readings = map[string]func(target string) string{
	usual: func(target string) string { return clean(decode(target)) },
	parameters: func(target string) string {
		return clean(eachSegment(decode(target), func(segment string) string {
			segment, _, _ = strings.Cut(segment, ";")
			return segment
		}))
	},
	windows: func(target string) string {
		return clean(eachSegment(strings.ReplaceAll(decode(target), `\`, "/"), func(segment string) string {
			if segment = strings.TrimRight(segment, " "); segment == "." || segment == ".." {
				return segment
			}
			return strings.TrimRight(segment, ". ")
		}))
	},
	twice: func(target string) string { return clean(decode(decode(target))) },
	endsAtNUL: func(target string) string {
		decoded, _, _ := strings.Cut(decode(target), "\x00")
		return clean(decoded)
	},
	encodedMark: func(target string) string {
		decoded, _, _ := strings.Cut(decode(target), "?")
		return clean(decoded)
	},
	uncleaned:  func(target string) string { return strings.ToLower(decode(target)) },
	upperCase:  func(target string) string { return clean(strings.ToUpper(decode(target))) },
	withScript: func(target string) string { return strings.TrimPrefix(clean(decode(target)), "/index.php") },
	addsSlash: func(target string) string {
		if strings.HasPrefix(target, "/") {
			return ""
		}
		return clean(decode("/" + target))
	},
}

func decode(target string) string {
	if !strings.HasPrefix(target, "/") {
		return ""
	}
	target, _, _ = strings.Cut(target, "?")
	decoded, err := url.PathUnescape(target)
	if err != nil {
		return target
	}
	return decoded
}

func clean(decoded string) string { return path.Clean(strings.ToLower(decoded)) }

func eachSegment(decoded string, change func(string) string) string {
	segments := strings.Split(decoded, "/")
	for i, segment := range segments {
		segments[i] = change(segment)
	}
	return strings.Join(segments, "/")
}

func isAdmin(served string) bool { return served == "/admin" || strings.HasPrefix(served, "/admin/") }

// targets are the ways to spell /admin, or something in it, that are tried.
func targets() []string {
	short := []string{"/admin", "/admin/secret", "/%61DMIN", "%2fadmin", "//admin", `\admin`, "%5cadmin", "/admin/../../public/x", "/admin%00/../public/x"}
	names := []string{
		"/admin", "/admin/", "/ADMIN", "/admin/secret", "/ADMIN/secret", "/%61dmin/secret", "/%41DMIN/secret",
		"/admin%2fsecret", "/admin%2Fsecret", "%2fadmin/secret", "/%2fadmin%2fsecret", "/%252fadmin/secret",
		"/admin//secret", "//admin/secret", "///admin//secret", "/./admin/secret", "/admin/./secret", "/%2e/admin/secret",
		"/admin/x/../secret", "/admin/secret/", "/admin/secret.", "/admin/secret?x=/public/", "/admin?/public/x", "/admin/secret#x",
		"/admin;/secret", "/admin;x=y/secret", "/;x/admin/secret", "/admin%3bx/secret", "/admin/secret;/../../public/x",
		"/admin./secret", "/admin%20/secret", "/admin.", `\admin\secret`, `/admin\secret`, "%5cadmin%5csecret", "/%5cadmin/secret", "/admin%5Csecret",
		"/admin%00", "/admin%00/secret", "/%00admin/secret", "/admin%00/../public/x", "/admin%3f/secret", "/admin%3f/../public/x", "/admin%23",
		"/%2561dmin/secret", "/adm%C4%B1n/secret", "/adm\u0131n", "/index.php/admin/secret", "/admin/secret/../../public/x",
	}
	roads := []string{
		"/", "/.", "/%2e", "/x/..", "/x/%2e%2e", "/x/.%2E", "/x%2f..", "/x%2F%2e%2e", "//x//..", "http://HOST", "http:", "http://",
		"/public/..", "/PUBLIC/..", "/public/%2e%2e", "/public%2f..", "/public/x/../..", "/public//..", "/public;/..",
		"/public/..;", "/public/..;x=y", "/public/%2e%2e;", "/public/..%3b", "/public/..%5c", `/public\..`, "/public/..%20", "/public/%252e%252e",
		"/public/..%00", "/public/..%3f", "/health/..", "/health/..;", "/health%2f..",
	}
	all := append(names, "*", "http:admin/secret", "http:%2fadmin/secret", "x:admin/secret", "//HOST/admin/secret", "admin/secret", "http:?/admin")
	for _, road := range roads {
		for _, name := range short {
			all = append(all, road+name)
		}
	}
	return all
}

// gaps asks without a token for every target, and gives the readings by which
// an application would have served one of them as /admin, each with a target.
func (s *site) gaps(before string) map[string]string {
	s.t.Helper()
	found := make(map[string]string)
	for _, target := range targets() {
		recorded, reached, _ := s.askFor(before + target)
		if !reached {
			continue
		}
		for reading, serve := range readings {
			if isAdmin(serve(recorded)) && found[reading] == "" {
				found[reading] = before + target
			}
		}
	}
	return found
}

// pattern gives the directives of the first Caddyfile under a heading of
// docs/paths.md, with another application.
func pattern(t *testing.T, heading string, index int, application string) string {
	t.Helper()
	_, section, ok := strings.Cut(read(t, "docs/paths.md"), "\n## "+heading+"\n")
	blocks := strings.Split(section, "```caddyfile\napp.example.com {\n")
	if !ok || len(blocks) < index+2 {
		t.Fatalf("expected docs/paths.md to have Caddyfile %d under %q", index, heading)
	}
	directives, _, _ := strings.Cut(blocks[index+1], "\n}\n")
	return strings.ReplaceAll(directives, "localhost:3000", application)
}

var (
	somePaths = []string{parameters, windows, twice, endsAtNUL, encodedMark, uncleaned, upperCase, withScript}
	allBut    = []string{parameters, windows, twice, endsAtNUL, encodedMark, uncleaned}
	// stripped is what is left of allBut when a prefix is stripped, which
	// resolves dots on the way.
	stripped = []string{parameters, windows, twice}
)

// TestTricksWithPathsLeadPastNoGate asks without a token for /admin in every
// spelling there is. For each pattern, the readings that it does not hold for
// are listed in full.
func TestTricksWithPathsLeadPastNoGate(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	application := recorder(t)
	documented := func(heading string, index int) string { return pattern(t, heading, index, application) }
	either := func(gated, open string) string {
		return "\n" + gated + " {\nclerk_auth\nreverse_proxy " + application + "\n}\n" + open + " {\nreverse_proxy " + application + "\n}"
	}
	for name, test := range map[string]struct {
		directives string
		before     string
		gaps       []string
	}{
		"everything":          {documented("Gate everything", 0), "", nil},
		"all but paths":       {documented("Gate everything but what is public", 0), "", allBut},
		"all but plain names": {documented("Gate everything but what is public", 1), "", nil},
		"some paths":          {documented("Gate some paths", 0), "", somePaths},
		"after a rewrite":     {documented("Rewrites", 0), "/site", stripped},
		"without the prefix":  {documented("Rewrites", 0), "", stripped},
		"in handle": {
			"@admin path /admin /admin/*" + either("handle @admin", "handle"),
			"", append([]string{addsSlash}, somePaths...),
		},
		"in handle, all but paths": {
			"@private not path /public/*" + either("handle @private", "handle"),
			"", allBut,
		},
		"in handle_path": {
			either("handle_path /admin*", "handle"),
			"", append([]string{addsSlash}, somePaths...),
		},
		"before a rewrite": {
			"route {\n@private not path /public/*\nclerk_auth @private\nuri strip_prefix /public\nreverse_proxy " + application + "\n}",
			"/public", append([]string{usual}, somePaths...),
		},
		"beside a public handle_path": {
			"handle_path /public/* {\nreverse_proxy " + application + "\n}\nhandle {\nclerk_auth\nreverse_proxy " + application + "\n}",
			"/public", append([]string{usual}, somePaths...),
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "clerk {\n"+c.settings()+"\n}", test.directives)
			if recorded, reached, _ := s.askFor(test.before+"/admin", c.bearer(t, "alice", "")...); !reached {
				t.Fatalf("expected who is signed in to pass, got %q", recorded)
			}
			found := s.gaps(test.before)
			if got, want := slices.Sorted(maps.Keys(found)), slices.Sorted(slices.Values(test.gaps)); !slices.Equal(got, want) {
				t.Errorf("expected gaps for\n%q, got\n%q", want, found)
			}
		})
	}
}

// TestThePageOnPathsSaysWhatHolds keeps the table of docs/paths.md to what the
// test above has found.
func TestThePageOnPathsSaysWhatHolds(t *testing.T) {
	page := read(t, "docs/paths.md")
	says := func(gaps []string, reading string) string {
		if slices.Contains(gaps, reading) {
			return "open"
		}
		return "holds"
	}
	for reading := range readings {
		if reading == addsSlash {
			continue
		}
		row := "| " + reading + " | " + says(somePaths, reading) + " | " + says(allBut, reading) + " | holds | holds |\n"
		if !strings.Contains(page, row) {
			t.Errorf("expected docs/paths.md to have %s", row)
		}
	}
}

// TestAMatcherOfASlashAndAStarLeavesThePathItselfOut is how Caddy reads it, and
// why the documentation names both paths.
func TestAMatcherOfASlashAndAStarLeavesThePathItselfOut(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "clerk {\n"+c.settings()+"\n}", "clerk_auth /admin/*\nreverse_proxy "+recorder(t))
	for target, want := range map[string]bool{"/admin": true, "/admin/": false, "/admin/x": false, "/ADMIN/x": false, "/administrator": true} {
		if _, reached, _ := s.askFor(target); reached != want {
			t.Errorf("%s: expected %t, got %t", target, want, reached)
		}
	}
}

// TestTargetsThatNameNoPathAreRefused asks for what no matcher on paths sees.
func TestTargetsThatNameNoPathAreRefused(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "clerk {\n"+c.settings()+"\n}", "clerk_auth /admin/*\nreverse_proxy "+recorder(t))
	for _, target := range []string{"http:admin/x", "http:%2fadmin/x", "x:admin/x", "localhost:80"} {
		recorded, reached, a := s.askFor(target)
		if reached || a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: expected 400, got %d, and %q at the application", target, a.StatusCode, recorded)
		}
		a.expect(t, http.StatusBadRequest, "Cache-Control", "no-store", "X-Clerk-Auth-Reason", "invalid-target")
	}
}

// TestAGatePassesTheTargetOnToTheLetter compares what the application gets with
// and without a gate.
func TestAGatePassesTheTargetOnToTheLetter(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	application := recorder(t)
	plain := make(map[string]string)
	s := serve(t, "", "reverse_proxy "+application)
	for _, target := range targets() {
		plain[target], _, _ = s.askFor(target)
	}
	token := c.bearer(t, "alice", "")
	if err := s.load("clerk {\n"+c.settings()+"\n}", pattern(t, "Gate everything", 0, application)); err != nil {
		t.Fatal(err)
	}
	for target, want := range plain {
		if recorded, _, _ := s.askFor(target, token...); recorded != want {
			t.Errorf("%s: expected the application to get %q, got %q", target, want, recorded)
		}
	}
}

// TestHeadersThatNameAnotherPathAreTakenOut runs the pattern that the
// documentation has for it.
func TestHeadersThatNameAnotherPathAreTakenOut(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	application := recorder(t)
	s := serve(t, "clerk {\n"+c.settings()+"\n}", pattern(t, "What depends on the application", 0, application))
	_, reached, a := s.askFor("/public/x", "X-Original-URL", "/admin", "X-Rewrite-URL", "/admin")
	if !reached || strings.Contains(a.body, "/admin") {
		t.Errorf("expected the application to get no other path, got %t %s", reached, a.body)
	}
}

// TestTricksWithPathsLeadToNoFile has a file server behind each pattern, on
// whose reading the matchers and the server agree.
func TestTricksWithPathsLeadToNoFile(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	root := t.TempDir()
	for name, content := range map[string]string{
		"public/x": "public", "admin/secret": "secret", "admin/index.html": "secret", "health": "public", "index.html": "public",
	} {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := "root " + root + "\nfile_server"
	for name, directives := range map[string]string{
		"all but paths":        pattern(t, "Gate everything but what is public", 0, "-"),
		"all but plain names":  pattern(t, "Gate everything but what is public", 1, "-"),
		"some paths":           pattern(t, "Gate some paths", 0, "-"),
		"a slash and a star":   "clerk_auth /admin/*\nreverse_proxy -",
		"an attempt at others": "try_files {path} {path}/index.html /index.html\n" + pattern(t, "Gate some paths", 0, "-"),
		"in handle":            "@admin path /admin /admin/*\nhandle @admin {\nclerk_auth\n" + files + "\n}\nhandle {\nreverse_proxy -\n}",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "clerk {\n"+c.settings()+"\n}", "root "+root+"\n"+strings.Replace(directives, "reverse_proxy -", files, 1))
			if _, _, a := s.askFor("/public/x"); a.body != "public" {
				t.Errorf("expected what is public, got %d %q", a.StatusCode, a.body)
			}
			if _, _, a := s.askFor("/admin/secret", c.bearer(t, "alice", "")...); a.body != "secret" {
				t.Errorf("expected what is private, got %d %q", a.StatusCode, a.body)
			}
			for _, target := range targets() {
				if _, _, a := s.askFor(target); a.body == "secret" {
					t.Errorf("%s: expected the file not to be served", target)
				}
			}
		})
	}
}
