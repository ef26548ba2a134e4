// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// runFile runs a Caddyfile of the repository, with other ports and with
// storage of the test's own. Its site is the one that was on firstPort.
func runFile(t *testing.T, file string, firstPort int, replace ...string) *site {
	t.Helper()
	withoutEnvironment(t)
	port := freePort(t)
	pairs := append([]string{
		strconv.Itoa(firstPort), strconv.Itoa(port),
		"persist_config off", "persist_config off\n\tstorage file_system " + t.TempDir() + "\n\tlog {\n\t\toutput discard\n\t}",
	}, replace...)
	config := strings.NewReplacer(pairs...).Replace(read(t, file))
	t.Cleanup(func() { _ = caddy.Stop() })
	if err := caddy.Load(adapt(t, config), true); err != nil {
		t.Fatal(err)
	}
	return &site{t: t, url: "http://localhost:" + strconv.Itoa(port), client: newClient(), logFile: os.DevNull}
}

func runDemo(t *testing.T) *site {
	t.Helper()
	return runFile(t, "examples/demo/Caddyfile", 8080, "8081", strconv.Itoa(freePort(t)))
}

// token gives a session token as the demo's README asks for it.
func (s *site) token(user string) []string {
	s.t.Helper()
	return []string{"Authorization", "Bearer " + s.get("/__clerk/emulator/token?user="+user).body}
}

func TestDemoAnswersAsItsReadmeSays(t *testing.T) {
	s := runDemo(t)
	s.get("/whoami").expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Status", "signed-out", "Cache-Control", "no-store")
	s.get("/whoami", document...).expect(t, http.StatusTemporaryRedirect)

	alice := s.token("alice")
	answer := s.get("/whoami", alice...)
	answer.expect(t, http.StatusOK, "Content-Type", "application/json")
	var who map[string]string
	if err := json.Unmarshal([]byte(answer.body), &who); err != nil {
		t.Fatalf("%v in %s", err, answer.body)
	}
	for name, want := range map[string]string{
		"status": "signed-in", "reason": "", "token_type": "session_token", "user_id": "user_alice",
		"org_id": "org_acme", "org_slug": "acme", "org_role": "org:admin",
	} {
		if got, ok := who[name]; !ok || got != want {
			t.Errorf("expected %s to be %q, got %q", name, want, got)
		}
	}
	tampered := strings.Replace(alice[1], ".", "x.", 1)
	s.get("/whoami", "Authorization", tampered).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Status", "signed-out")

	dave := s.token("dave")
	s.get("/whoami", dave...).expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "session-pending")
	tasks := s.get("/whoami", append(dave, document...)...)
	tasks.expect(t, http.StatusTemporaryRedirect)
	if location := tasks.Header.Get("Location"); !strings.HasPrefix(location, s.url+"/__clerk/sign-in/tasks?") {
		t.Errorf("expected the tasks page, got %s", location)
	}

	upstream := s.get("/upstream", append(alice, "X-Clerk-User-Id", "forged", "X-Clerk-Org-Role", "forged")...)
	upstream.expect(t, http.StatusOK)
	if !strings.Contains(upstream.body, "X-Clerk-User-Id: user_alice\n") || strings.Contains(upstream.body, "forged") {
		t.Errorf("expected the application to see alice, got\n%s", upstream.body)
	}
}

func TestDemoHasAPageForAdmins(t *testing.T) {
	s := runDemo(t)
	admin := s.get("/admin", s.token("alice")...)
	admin.expect(t, http.StatusOK)
	if !strings.Contains(admin.body, "org:teams:manage") {
		t.Errorf("expected alice's permissions, got %s", admin.body)
	}
	member := s.get("/admin", s.token("bob")...)
	member.expect(t, http.StatusForbidden, "X-Clerk-Auth-Reason", "missing-role", "Cache-Control", "no-store")
	for _, path := range []string{"/admin.html", "/Admin", "//admin", "/x/../admin.html", "/%61dmin"} {
		s.get(path, s.token("bob")...).expect(t, http.StatusForbidden)
	}
	for _, want := range []string{"missing-role", "requires role org:admin", "user_bob"} {
		if !strings.Contains(member.body, want) {
			t.Errorf("expected the page to have %s, got %s", want, member.body)
		}
	}
}

func TestDemoNeverShowsALiteralPlaceholder(t *testing.T) {
	s := runDemo(t)
	for _, path := range []string{"/", "/whoami", "/public", "/upstream", "/admin", "/no-such-page", "/public.html", "/whoami.json", "/__clerk/sign-in", "/__clerk/none"} {
		for _, headers := range [][]string{nil, document, s.token("alice"), s.token("carol"), s.token("dave"), {"Authorization", "Bearer x"}} {
			answer := s.get(path, headers...)
			if strings.Contains(answer.body, "{http.") || strings.Contains(answer.body, "{err.") {
				t.Errorf("%s: expected no literal placeholder, got %s", path, answer.body)
			}
		}
	}
	for _, headers := range [][]string{nil, s.token("alice"), s.token("dave"), {"Authorization", "Bearer x"}} {
		s.get("/public", headers...).expect(t, http.StatusOK)
	}
}

// TestDemoEscapesWhatPeopleCallThemselves signs in under a name that is a
// script and a template at once.
func TestDemoEscapesWhatPeopleCallThemselves(t *testing.T) {
	s := runDemo(t)
	b := openBrowser(t)
	const name = `<script>{{env "HOME"}}</script>`
	page := b.open(s.url)
	greeting := b.navigate(http.MethodPost, page.Request.URL.String(), b.typed(page, name))
	if !strings.Contains(greeting.body, "&lt;script&gt;{{env &#34;HOME&#34;}}") || strings.Contains(greeting.body, "<script>") {
		t.Errorf("expected the name to be escaped, got %s", greeting.body)
	}
	if home := os.Getenv("HOME"); home != "" && strings.Contains(greeting.body, home) {
		t.Error("expected the name not to be evaluated")
	}
}

// typed fills in the emulator's sign-in page with an e-mail address.
func (b *browser) typed(page answer, email string) url.Values {
	values := url.Values{"email": {email}}
	for field := range strings.SplitSeq(page.body, "<input") {
		if strings.Contains(field, `type="hidden"`) {
			values.Set(attribute(field, "name"), attribute(field, "value"))
		}
	}
	return values
}

// TestTheSameSiteByItsNumberIsSentToItsName keeps cookies in one home.
func TestTheSameSiteByItsNumberIsSentToItsName(t *testing.T) {
	s := runDemo(t)
	byNumber := *s
	byNumber.url = strings.Replace(s.url, "localhost", "127.0.0.1", 1)
	byNumber.get("/a?b=c").expect(t, http.StatusTemporaryRedirect, "Location", s.url+"/a?b=c")
}

// TestEmulatorAnswersInFrontOfASinglePageApplication has a site-wide try_files,
// which is ordered first and gives every path another.
func TestEmulatorAnswersInFrontOfASinglePageApplication(t *testing.T) {
	s := serve(t, "", `
	clerk_emulator
	try_files {path} /index.html
	respond "application"`)
	if got := s.get("/__clerk/.well-known/jwks.json").body; !strings.Contains(got, `"keys"`) {
		t.Errorf("expected the key set, got %s", got)
	}
	if got := s.get("/elsewhere").body; got != "application" {
		t.Errorf("expected the application, got %s", got)
	}
}

// TestModuleAloneRunsAgainstAClerkElsewhere runs testdata/Caddyfile with its
// values from the environment.
func TestModuleAloneRunsAgainstAClerkElsewhere(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	application := echo(t)
	withoutEnvironment(t)
	port := freePort(t)
	t.Setenv("PORT", strconv.Itoa(port))
	t.Setenv("UPSTREAM", application)
	for name, value := range map[string]string{
		"PUBLISHABLE_KEY": c.PublishableKey(), "SECRET_KEY": c.SecretKey(), "API_URL": c.server.URL + "/__clerk",
		"JWKS_URL": c.server.URL + "/__clerk/.well-known/jwks.json", "AUTHORIZED_PARTIES": "https://app.example.com",
	} {
		t.Setenv("CLERK_"+name, value)
	}
	config := strings.Replace(read(t, "testdata/Caddyfile"), "persist_config off", "persist_config off\n\tstorage file_system "+t.TempDir(), 1)
	t.Cleanup(func() { _ = caddy.Stop() })
	if err := caddy.Load(adapt(t, config), true); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, url: fmt.Sprintf("http://localhost:%d", port), client: newClient(), logFile: os.DevNull}

	s.get("/").expect(t, http.StatusUnauthorized)
	answer := s.get("/", c.bearer(t, "bob", "https://app.example.com")...)
	answer.expect(t, http.StatusOK)
	for _, want := range []string{"X-User-Id: [user_bob]", "X-Org-Id: [org_acme]", "X-Org-Role: [org:member]"} {
		if !strings.Contains(answer.body, want) {
			t.Errorf("expected the application to see %s, got\n%s", want, answer.body)
		}
	}
}

// TestExamplesProvision loads every example up to where it would start.
func TestExamplesProvision(t *testing.T) {
	withoutEnvironment(t)
	t.Setenv("CLERK_PUBLISHABLE_KEY", liveKey)
	t.Setenv("CLERK_SECRET_KEY", "sk_live_example")
	for _, file := range []string{"examples/production/Caddyfile", "examples/demo/Caddyfile"} {
		if err := caddy.Validate(config(t, adapt(t, read(t, file)))); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	withoutEnvironment(t)
	if err := caddy.Validate(config(t, adapt(t, read(t, "testdata/Caddyfile")))); err != nil {
		t.Errorf("testdata/Caddyfile: %v", err)
	}
}
