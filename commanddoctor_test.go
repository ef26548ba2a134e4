// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// fault is something that is wrong, and what doctor is to say of it.
type fault struct {
	name string
	// settings are the gate's, and site is where it stands; or config is all.
	settings, site, config string
	// plant changes the environment and the world; nil for nothing.
	plant func(t *testing.T, w *world, other *emulator.Emulator)
	// The check that finds it, how that ends, and parts of what it says.
	check, result, finding, remedy string
}

// theParty is set in all gates that are not about it.
const theParty = "authorized_parties https://app.example.com"

func setenv(name, value string) func(*testing.T, *world, *emulator.Emulator) {
	return func(t *testing.T, _ *world, _ *emulator.Emulator) { t.Setenv(name, value) }
}

// answers is a host that says the same to everybody.
func answers(host, contentType, body string) func(*testing.T, *world, *emulator.Emulator) {
	return func(_ *testing.T, w *world, _ *emulator.Emulator) {
		w.hosts[host] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = io.WriteString(w, body)
		})
	}
}

const webPage = "<!doctype html><title>Welcome</title>"

// faults lists what is planted.
var faults = []fault{
	{
		name: "the secret key is of another instance", settings: theParty, plant: setenv("CLERK_SECRET_KEY", otherSecret),
		check: "instance", result: "failed", finding: "secret_key is of another instance (ins_theirs) than publishable_key (ins_ours)",
		remedy: "take secret_key and publishable_key from the same instance",
	},
	{
		name: "a live publishable key with a test secret key", settings: theParty, plant: setenv("CLERK_SECRET_KEY", "sk_test_0123456789abcdefOWN"),
		check: "settings", result: "failed", finding: "secret_key: it is a development key and publishable_key is a production key",
		remedy: "take both from the same instance",
	},
	{
		name: "the key set cannot be reached", settings: theParty + "\n\t\tjwks_url https://keys.example.com/jwks.json",
		check: "key set", result: "failed", finding: "fetching the key set from keys.example.com: no such host",
		remedy: "set jwks_url to the instance's key set, or leave it out",
	},
	{
		name: "the clock is wrong", settings: theParty,
		plant: func(_ *testing.T, w *world, _ *emulator.Emulator) { w.clock = noon.Add(90 * time.Second) },
		check: "clock", result: "failed", finding: "clock is 1m30s behind that of https://api.clerk.com, and 5s are forgiven", remedy: "with NTP",
	},
	{
		name: "authorized_parties lacks the site", settings: "authorized_parties https://www.example.com",
		check: "authorized parties", result: "failed", finding: "https://app.example.com is not one of them (https://www.example.com)",
		remedy: "add https://app.example.com to authorized_parties",
	},
	{
		name: "a site without HTTPS", settings: "authorized_parties http://app.example.com", site: "http://app.example.com",
		check: "encryption", result: "failed", finding: "http://app.example.com is not encrypted", remedy: "serve the site with HTTPS",
	},
	{
		name: "the public key is of another instance", settings: theParty,
		plant: func(t *testing.T, _ *world, other *emulator.Emulator) {
			t.Setenv("CLERK_JWT_KEY", other.PublicKeyPEM())
		},
		check: "instance", result: "failed", finding: "jwt_key is of another instance", remedy: "take jwt_key and publishable_key from the same instance",
	},
	{
		name: "the sign-in page is behind the gate", settings: theParty + "\n\t\tsign_in_url /sign-in",
		check: "sign-in page", result: "failed", finding: "/sign-in is behind the gate that sends people there",
		remedy: "leave the page out of the gate: `@members not path /sign-in*`",
	},
	{
		name: "api_url is a web page", settings: theParty + "\n\t\tapi_url https://www.example.com", plant: answers("www.example.com", "text/html", webPage),
		check: "Backend API", result: "failed", finding: "https://www.example.com does not answer as Clerk's Backend API",
		remedy: "set api_url to the Backend API, https://api.clerk.com",
	},
	{
		name: "the key is weak", settings: theParty,
		plant: func(t *testing.T, w *world, o *emulator.Emulator) {
			unset(t, "CLERK_SECRET_KEY")
			answers("clerk.example.com", "application/json", weakKeySet(t))(t, w, o)
		},
		check: "key set", result: "failed", finding: `the key "ins_weak" of https://clerk.example.com/.well-known/jwks.json: expected an RSA key of 2048 to 8192 bits, got 1024`,
		remedy: "replace it with an RSA key of 2048 bits or more",
	},
	{
		name: "proxy_url does not answer as Clerk", settings: theParty + "\n\t\tproxy_url /__clerk", plant: answers("app.example.com", "text/html", webPage),
		check: "proxy", result: "failed", finding: "https://app.example.com/__clerk does not answer as Clerk", remedy: "put `clerk_proxy /__clerk` into the site",
	},
	{
		name: "proxy_url is another path than that of clerk_proxy", config: proxyAndGate("clerk_proxy /clerk", "proxy_url /__clerk"), plant: answers("app.example.com", "text/html", webPage),
		check: "proxy", result: "failed", finding: "https://app.example.com/__clerk does not answer as Clerk, and no clerk_proxy is there",
		remedy: "put `clerk_proxy /__clerk` into the site",
	},
	{
		name: "the gate stands before clerk_proxy", config: "app.example.com {\n\troute {\n\t\tclerk_auth {\n\t\t\t" + theParty + "\n\t\t\tproxy_url /__clerk\n\t\t}\n\t\tclerk_proxy\n\t}\n}\n",
		check: "proxy", result: "failed", finding: "the gate stands before the clerk_proxy at https://app.example.com/__clerk", remedy: "let clerk_proxy stand before clerk_auth",
	},
	{
		name: "clerk_proxy has a gate without proxy_url", config: proxyAndGate("clerk_proxy", ""),
		check: "proxy", result: "warning", finding: "clerk_proxy is at https://app.example.com/__clerk and the gate has no proxy_url", remedy: "set proxy_url /__clerk in the global option clerk",
	},
	{
		name: "clerk_proxy has no secret key", config: proxyAndGate("clerk_proxy", "proxy_url /__clerk"),
		plant: func(t *testing.T, _ *world, _ *emulator.Emulator) { unset(t, "CLERK_SECRET_KEY") },
		check: "proxy", result: "failed", finding: "clerk_proxy at https://app.example.com/__clerk: secret_key: not set", remedy: "set it in the global option clerk",
	},
	{
		name: "clerk_proxy cannot reach Clerk", config: proxyAndGate("clerk_proxy", "proxy_url /__clerk"),
		plant: answers("app.example.com", "application/json", `{"errors":[{"code":"proxy_request_failed"}]}`),
		check: "proxy", result: "failed", finding: "https://app.example.com/__clerk does not answer as Clerk: ", remedy: "look in the log for what clerk_proxy says of its upstream",
	},
	{
		name: "Clerk gets another secret key from the proxy", config: proxyAndGate("clerk_proxy", "proxy_url /__clerk"),
		plant: selfTest(http.StatusServiceUnavailable, `{"status":"unhealthy","message":"Clerk-Secret-Key is not the instance's"}`),
		check: "proxy", result: "failed", finding: "Clerk finds fault with the header Clerk-Secret-Key of https://app.example.com/__clerk: Clerk-Secret-Key is not the instance's", remedy: "give clerk_proxy the secret_key",
	},
	{
		name: "Clerk gets another URL from the proxy", config: proxyAndGate("clerk_proxy", "proxy_url /__clerk"),
		plant: selfTest(http.StatusBadRequest, `{"errors":[{"code":"invalid_proxy_url","message":"no","long_message":"another URL is configured"}]}`),
		check: "proxy", result: "failed", finding: "Clerk finds fault with the header Clerk-Proxy-Url of https://app.example.com/__clerk: invalid_proxy_url no another URL is configured",
		remedy: "in the Clerk Dashboard (Domains) and in proxy_url",
	},
	{
		name: "Clerk gets several addresses of the client", config: proxyAndGate("clerk_proxy", "proxy_url /__clerk"),
		plant: selfTest(http.StatusOK, `{"status":"healthy","x_forwarded_for":"203.0.113.7, 10.0.0.1"}`),
		check: "proxy", result: "failed", finding: `Clerk is told by X-Forwarded-For of https://app.example.com/__clerk that the client's address is "203.0.113.7, 10.0.0.1"`,
		remedy: "name the proxy before Caddy in trusted_proxies",
	},
	{
		name: "Clerk is content with no part of the proxy", config: proxyAndGate("clerk_proxy", "proxy_url /__clerk"),
		plant: selfTest(http.StatusOK, `{"status":"unhealthy","message":"not today"}`),
		check: "proxy", result: "failed", finding: "Clerk finds fault with https://app.example.com/__clerk: not today", remedy: "look at the proxy's state in the Clerk Dashboard",
	},
	{
		name: "Clerk takes everybody for a proxy before Caddy", config: proxyAndGate("clerk_proxy", "proxy_url /__clerk"),
		plant: selfTest(http.StatusOK, `{"status":"healthy","x_forwarded_for":"172.17.0.1"}`),
		check: "proxy", result: "warning", finding: "takes this machine for 172.17.0.1, which is no address of the Internet", remedy: "name the proxy before Caddy in trusted_proxies",
	},
	{
		name: "proxy_url is another instance's", settings: theParty + "\n\t\tproxy_url https://clerk.other.example",
		check: "proxy", result: "failed", finding: "passes on to another instance (ins_theirs)", remedy: "https://clerk.example.com",
	},
	{
		name: "the secret key was revoked", settings: theParty, plant: setenv("CLERK_SECRET_KEY", "sk_live_0123456789abcdefREVOKED"),
		check: "Backend API", result: "failed", finding: "does not accept the secret key", remedy: "copy secret_key once more",
	},
	{
		name: "the Frontend API cannot be reached", settings: theParty,
		plant: func(_ *testing.T, w *world, _ *emulator.Emulator) { delete(w.hosts, "clerk.example.com") },
		check: "Frontend API", result: "failed", finding: "https://clerk.example.com does not answer as Clerk's Frontend API", remedy: "check that publishable_key is the instance's",
	},
	{
		name: "only the proxy reaches the Frontend API", config: proxyAndGate("clerk_proxy", "proxy_url /__clerk"),
		plant: func(t *testing.T, w *world, o *emulator.Emulator) {
			selfTest(http.StatusOK, `{"status":"healthy","x_forwarded_for":"203.0.113.7"}`)(t, w, o)
			delete(w.hosts, "clerk.example.com")
		},
		check: "Frontend API", result: "warning", finding: "https://clerk.example.com does not answer as Clerk's Frontend API",
		remedy: "nothing, if it is reached by proxy_url alone; otherwise check that publishable_key is the instance's",
	},
	{
		name: "the site is on another domain", settings: "authorized_parties https://app.example.org", site: "app.example.org",
		check: "cookies", result: "failed", finding: "https://app.example.org is not on the domain of the production instance, example.com", remedy: "is_satellite",
	},
	{
		name: "authorized_parties is not set", settings: "",
		check: "authorized parties", result: "warning", finding: "authorized_parties is not set", remedy: "set authorized_parties to https://app.example.com",
	},
	{
		name: "the secret key stands in the configuration", settings: theParty + "\n\t\tsecret_key " + ownSecret,
		check: "secrets", result: "warning", finding: "secret_key stands in the configuration itself", remedy: "write {env.CLERK_SECRET_KEY}",
	},
	{
		name: "everybody can read the file with the secret key", settings: theParty + "\n\t\tsecret_key {file.clerk.key}",
		plant: func(t *testing.T, _ *world, _ *emulator.Emulator) {
			write(t, "clerk.key", ownSecret)
			if err := os.Chmod("clerk.key", 0o644); err != nil { //nolint:gosec // That is the fault.
				t.Fatal(err)
			}
		},
		check: "secrets", result: "warning", finding: "secret_key is in a file that everybody on this machine can read (-rw-r--r--)", remedy: "chmod o-rwx clerk.key",
	},
	{
		name: "the clock is a little off", settings: theParty,
		plant: func(_ *testing.T, w *world, _ *emulator.Emulator) { w.clock = noon.Add(-4 * time.Second) },
		check: "clock", result: "warning", finding: "clock is 4s ahead of that of https://api.clerk.com, of 5s that are forgiven", remedy: "with NTP",
	},
}

// proxyAndGate is a site with both, as the Caddyfile orders them.
func proxyAndGate(proxy, settings string) string {
	return "app.example.com {\n\t" + proxy + "\n\tclerk_auth {\n\t\t" + theParty + "\n\t\t" + settings + "\n\t}\n}\n"
}

// selfTest is a site whose proxy leads to the instance, which says something of the
// proxy.
func selfTest(status int, body string) func(*testing.T, *world, *emulator.Emulator) {
	return func(_ *testing.T, w *world, _ *emulator.Emulator) {
		instance := http.StripPrefix("/__clerk", w.hosts["clerk.example.com"])
		w.hosts["app.example.com"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/__clerk/v1/proxy-health" {
				instance.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
}

func weakKeySet(t *testing.T) string {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // That is the fault.
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwk.FromRaw(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Set(jwk.KeyIDKey, "ins_weak"); err != nil {
		t.Fatal(err)
	}
	set := jwk.NewSet()
	if err := set.AddKey(key); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// diagnosis is what a program reads of doctor's.
type diagnosis struct {
	Gates, Proxies []struct {
		Checks []struct{ Name, Result, Finding, Remedy string }
	}
	Failed, Warnings int
}

// plantAndExamine gives what doctor says of a fault, in both forms.
func (f fault) plantAndExamine(t *testing.T) (text string, d diagnosis) {
	t.Helper()
	w, own, other := newWorld(t)
	site := f.site
	if site == "" {
		site = "app.example.com"
	}
	config := f.config
	if config == "" {
		config = site + " {\n\tclerk_auth {\n\t\t" + f.settings + "\n\t}\n}\n"
	}
	prepare(t, config, own)
	if f.plant != nil {
		f.plant(t, w, other)
	}
	want := 0
	if f.result == "failed" {
		want = 1
	}
	text, errs, status := w.terminal().Run("doctor")
	if status != want || errs != "" {
		t.Errorf("expected status %d, got %d, %s", want, status, errs)
	}
	out, _, _ := w.terminal().Run("doctor", "--json")
	if err := json.Unmarshal([]byte(withNames(out, own, other)), &d); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, printed := range []string{text, out} {
		if found := secretsIn(printed); found != nil || strings.Contains(printed, "0123456789abcdef") {
			t.Errorf("expected no secrets, got %q in %s", found, printed)
		}
	}
	for secret, hosts := range w.seen {
		if hosts = strings.ReplaceAll(hosts, "api.clerk.com ", ""); hosts != "" && !strings.Contains(f.settings, "api_url https://"+strings.Fields(hosts)[0]) {
			t.Errorf("expected %q to be shown to api_url alone, got %s", secret, hosts)
		}
	}
	return withNames(text, own, other), d
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(f.remedy, "chmod") {
				t.Skip("Windows has other permissions")
			}
			text, d := f.plantAndExamine(t)
			found := false
			for _, check := range d.Gates[0].Checks {
				if check.Name == f.check && check.Result == f.result && strings.Contains(check.Remedy, f.remedy) {
					found = true
				}
				if (check.Remedy == "") != (check.Result == "ok" || check.Result == "skipped") {
					t.Errorf("expected a remedy for what is wrong and for nothing else, got %+v", check)
				}
			}
			if !found || !strings.Contains(text, f.finding) || !strings.Contains(text, f.remedy) {
				t.Errorf("expected %s %s: %s; %s; got %s", f.check, f.result, f.finding, f.remedy, text)
			}
			if f.result == "failed" != (d.Failed > 0) || f.result == "warning" && d.Warnings == 0 {
				t.Errorf("got %d failed and %d warnings", d.Failed, d.Warnings)
			}
			expectGolden(t, "doctor-"+strings.NewReplacer(" ", "-", "'", "").Replace(f.name), text)
		})
	}
}

func TestDoctorIsContentWhereAllIsWell(t *testing.T) {
	for name, config := range map[string]string{
		"one site":    oneGate,
		"a wildcard":  "*.example.com {\n\tclerk_auth {\n\t\tauthorized_parties https://app.example.com\n\t}\n}\n",
		"all hosts":   ":443 {\n\tclerk_auth {\n\t\tauthorized_parties https://app.example.com\n\t}\n}\n",
		"an API":      "api.example.com {\n\tclerk_auth {\n\t\tauthorized_parties https://app.example.com\n\t\tsigned_out 401\n\t}\n}\n",
		"a program's": "api.example.com {\n\tclerk_auth {\n\t\tauthorized_parties https://app.example.com\n\t\taccepts_token any\n\t\trequire scope write\n\t}\n}\n",
		"behind some": "{\n\tservers {\n\t\ttrusted_proxies static private_ranges\n\t}\n}\nhttp://app.example.com {\n\tclerk_auth {\n\t\tauthorized_parties https://app.example.com\n\t}\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			w, own, other := newWorld(t)
			prepare(t, config, own)
			out, errs, status := w.terminal().Run("doctor")
			if status != 0 || errs != "" || !strings.HasSuffix(out, "All in order.\n") {
				t.Errorf("expected all to be in order, got %d, %s%s", status, out, errs)
			}
			if name == "one site" {
				expectGolden(t, "doctor", withNames(out, own, other))
			}
		})
	}
}

// What is before a gate, and the matchers on the way to it, tell whether the
// sign-in page is behind it.
func TestDoctorKnowsWhatIsBehindAGate(t *testing.T) {
	const gate = "clerk_auth {\n\t\tauthorized_parties https://app.example.com\n\t\tsign_in_url %s\n\t}\n"
	for name, test := range map[string]struct{ config, page, result string }{
		"all paths":           {gate, "/sign-in", "failed"},
		"the same, absolute":  {gate, "https://app.example.com/sign-in?a=b", "failed"},
		"elsewhere":           {gate, "https://accounts.example.com/sign-in", "ok"},
		"left out by a path":  {"@m not path /sign-in*\n\t" + strings.Replace(gate, "clerk_auth", "clerk_auth @m", 1), "/sign-in/", "ok"},
		"a path of its own":   {strings.Replace(gate, "clerk_auth", "clerk_auth /app/*", 1), "/sign-in", "ok"},
		"in it all the same":  {strings.Replace(gate, "clerk_auth", "clerk_auth /app/*", 1), "/app/sign-in", "failed"},
		"a handle of its own": {"handle /sign-in* {\n\t\trespond hi\n\t}\n\thandle {\n\t" + gate + "\n\t}", "/sign-in", "ok"},
		"another handle":      {"handle /other* {\n\t\trespond hi\n\t}\n\thandle {\n\t" + gate + "\n\t}", "/sign-in", "failed"},
		"a header":            {"@m header X-Y z\n\t" + strings.Replace(gate, "clerk_auth", "clerk_auth @m", 1), "/sign-in", "skipped"},
		"a header, negated":   {"@m not header X-Y z\n\t" + strings.Replace(gate, "clerk_auth", "clerk_auth @m", 1), "/sign-in", "skipped"},
		"answered before":     {"route {\n\t\trespond /sign-in hi\n\t" + gate + "\n\t}", "/sign-in", "ok"},
		"answered elsewhere":  {"route {\n\t\trespond /other hi\n\t" + gate + "\n\t}", "/sign-in", "failed"},
		"behind a proxy":      {"route {\n\t\tclerk_proxy\n\t" + gate + "\n\t}", "/sign-in", "failed"},
		"below a proxy":       {"route {\n\t\tclerk_proxy\n\t" + gate + "\n\t}", "/__clerk/sign-in", "ok"},
		"below its path":      {"route {\n\t\tclerk_proxy /clerk/\n\t" + gate + "\n\t}", "/clerk/sign-in", "ok"},
		"beside its path":     {"route {\n\t\tclerk_proxy /clerk\n\t" + gate + "\n\t}", "/clerks/sign-in", "failed"},
		"below an emulator":   {"route {\n\t\tclerk_emulator\n\t" + gate + "\n\t}", "/__clerk/sign-in", "ok"},
		"behind an emulator":  {"route {\n\t\tclerk_emulator\n\t" + gate + "\n\t}", "/sign-in", "failed"},
		"answered in a route": {"route {\n\t\troute {\n\t\t\trespond /sign-in hi\n\t\t}\n\t" + gate + "\n\t}", "/sign-in", "ok"},
		"a header in a route": {"route {\n\t\troute {\n\t\t\t@m header X-Y z\n\t\t\trespond @m hi\n\t\t}\n\t" + gate + "\n\t}", "/sign-in", "skipped"},
		"optional":            {strings.Replace(gate, "sign_in_url", "optional\n\t\tsign_in_url", 1), "/sign-in", "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			w, own, _ := newWorld(t)
			prepare(t, "app.example.com {\n\t"+fmt.Sprintf(test.config, test.page)+"\n}\n", own)
			out, errs, _ := w.terminal().Run("doctor", "--json")
			var d diagnosis
			if err := json.Unmarshal([]byte(out), &d); err != nil {
				t.Fatalf("%v: %s%s", err, out, errs)
			}
			for _, check := range d.Gates[0].Checks {
				if check.Name == "sign-in page" && check.Result != test.result {
					t.Errorf("expected %s, got %+v", test.result, check)
				}
			}
		})
	}
}

// Whoever answers in Clerk's place may send anything.
func TestDoctorIsNotImpressedByHostileAnswers(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"an endless answer": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 8<<20))
		},
		"a terminal's orders": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "{\"errors\":[{\"code\":\"\\u001b[2J\",\"message\":\"\\u202e\\u001b]0;x\\u0007\"}]}")
		},
		"the key itself": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"errors":[{"code":"a","message":%q}]}`, r.Header.Get("Authorization"))
		},
		"a key set of orders": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"keys":[{"kty":"oct","kid":"\u001b[2J","k":"AAAA"}]}`)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, own, _ := newWorld(t)
			prepare(t, oneGate, own)
			w.hosts["api.clerk.com"], w.hosts["clerk.example.com"] = answer, answer
			out, errs, status := w.terminal().Run("doctor")
			if status != 1 || errs != "" || len(out) > 8<<10 {
				t.Errorf("expected a failure in some lines, got %d, %.500s%s", status, out, errs)
			}
			if strings.ContainsAny(out, "\x1b\a\u202e") || secretsIn(out) != nil {
				t.Errorf("expected plain text without secrets, got %q", out)
			}
			if strings.TrimSpace(w.seen[ownSecret]) != "api.clerk.com" {
				t.Errorf("expected the key to be shown to nobody else, got %q", w.seen)
			}
		})
	}
}

// The examples are right, whatever keys they are given.
func TestDoctorIsContentWithTheExamples(t *testing.T) {
	examples, err := filepath.Glob("examples/*/Caddyfile")
	if err != nil || len(examples) == 0 {
		t.Fatalf("expected examples, got %d (%v)", len(examples), err)
	}
	for _, example := range examples {
		t.Run(example, func(t *testing.T) {
			w, own, other := newWorld(t)
			prepare(t, "", own)
			t.Setenv("SHOP_CLERK_PUBLISHABLE_KEY", other.PublishableKey())
			t.Setenv("SHOP_CLERK_SECRET_KEY", otherSecret)
			t.Chdir(filepath.Dir(filepath.Join(repository, example)))
			out, errs, _ := w.terminal().Run("doctor", "--json", "--config", "Caddyfile")
			var d diagnosis
			if err := json.Unmarshal([]byte(out), &d); err != nil {
				t.Fatalf("%v: %s%s", err, out, errs)
			}
			for _, gate := range d.Gates {
				for _, check := range gate.Checks {
					// The demo has a Clerk and a key of its own, and the shop is on
					// another domain than the second instance here.
					if check.Result == "failed" && !slices.Contains([]string{"Backend API", "key set", "proxy", "cookies"}, check.Name) {
						t.Errorf("expected nothing to be wrong with it, got %+v", check)
					}
				}
			}
		})
	}
}
