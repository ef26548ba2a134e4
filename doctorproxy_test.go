// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// proxyChecks gives what doctor says of the proxy of the first gate.
func proxyChecks(t *testing.T, w *world) (checks []string) {
	t.Helper()
	out, errs, _ := w.terminal().Run("doctor", "--json")
	var d diagnosis
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	if found := secretsIn(out); found != nil {
		t.Errorf("expected no secrets, got %q", found)
	}
	for _, check := range d.Gates[0].Checks {
		if check.Name == "proxy" {
			checks = append(checks, check.Result+": "+check.Finding)
		}
	}
	return checks
}

func TestDoctorTellsWhatItCanOfAProxy(t *testing.T) {
	const there = "https://app.example.com/__clerk"
	for name, test := range map[string]struct {
		config string
		code   int
		body   string
		want   []string
	}{
		"healthy": {
			proxyAndGate("clerk_proxy", "proxy_url /__clerk"), http.StatusOK, `{"status":"healthy","x_forwarded_for":"203.0.113.7"}`,
			[]string{"ok: " + there + " answers as Clerk", "ok: Clerk finds no fault with " + there + ", and takes this machine for 203.0.113.7"},
		},
		"a whole URL": {
			proxyAndGate("clerk_proxy", "proxy_url "+there+"/"), http.StatusOK, `{"status":"healthy","x_forwarded_for":"2001:db8::7"}`,
			[]string{"ok: " + there + " answers as Clerk", "ok: Clerk finds no fault with " + there + ", and takes this machine for 2001:db8::7"},
		},
		"somebody else's proxy": {
			proxyAndGate("", "proxy_url /__clerk"), http.StatusOK, `{"status":"healthy","x_forwarded_for":"203.0.113.7"}`,
			[]string{"ok: " + there + " answers as Clerk", "ok: Clerk finds no fault with " + there + ", and takes this machine for 203.0.113.7"},
		},
		"no self-test": {
			proxyAndGate("clerk_proxy", "proxy_url /__clerk"), http.StatusNotFound, "404 page not found",
			[]string{"ok: " + there + " answers as Clerk", "skipped: what is behind " + there + " has no self-test, so whether Clerk likes the proxy's headers cannot be told"},
		},
		"a self-test that wants more": {
			proxyAndGate("clerk_proxy", "proxy_url /__clerk"), http.StatusBadRequest, `{"errors":[{"code":"form_param_missing","message":"domain_id must be included"}]}`,
			[]string{"ok: " + there + " answers as Clerk", "skipped: the self-test at " + there + " answers 400 form_param_missing domain_id must be included, so whether Clerk likes the proxy's headers cannot be told"},
		},
		"a self-test that says it twice": {
			proxyAndGate("clerk_proxy", "proxy_url /__clerk"), http.StatusBadRequest, `{"errors":[{"code":"a","message":"b c","long_message":"b c"}]}`,
			[]string{"ok: " + there + " answers as Clerk", "skipped: the self-test at " + there + " answers 400 a b c, so whether Clerk likes the proxy's headers cannot be told"},
		},
		"a site that does not run": {
			proxyAndGate("clerk_proxy", "proxy_url /__clerk"), 0, "",
			[]string{"skipped: clerk_proxy is at " + there + ", and it takes a site that runs to tell whether it answers: asking app.example.com: no such host"},
		},
		"a gate for other paths in a route": {
			"app.example.com {\n\troute {\n\t\tclerk_auth /admin/* {\n\t\t\t" + theParty + "\n\t\t\tproxy_url /__clerk\n\t\t}\n\t\tclerk_proxy\n\t}\n}\n",
			http.StatusOK, `{"status":"healthy","x_forwarded_for":"203.0.113.7"}`,
			[]string{"ok: " + there + " answers as Clerk", "ok: Clerk finds no fault with " + there + ", and takes this machine for 203.0.113.7"},
		},
		"another instance's": {
			"{\n\tclerk {\n\t\tinstance other {\n\t\t\tpublishable_key pk_live_Y2xlcmsub3RoZXIuZXhhbXBsZSQ\n\t\t\tsecret_key " + otherSecret + "\n\t\t}\n\t}\n}\n" +
				proxyAndGate("clerk_proxy {\n\t\tinstance other\n\t}", ""),
			0, "", []string{"skipped: there is no proxy_url"},
		},
		"all hosts, and the gate first": {
			":443 {\n\troute {\n\t\tclerk_auth {\n\t\t\t" + theParty + "\n\t\t}\n\t\tclerk_proxy\n\t}\n}\n", 0, "",
			[]string{"failed: the gate stands before the clerk_proxy at https://*/__clerk, so what Clerk's scripts ask for is refused or redirected, and nobody can sign in"},
		},
		"subdomains, and a gate that does not know": {
			"*.example.com {\n\tclerk_proxy\n\tclerk_auth {\n\t\t" + theParty + "\n\t}\n}\n", 0, "",
			[]string{"warning: clerk_proxy is at https://*.example.com/__clerk and the gate has no proxy_url, so handshakes go to https://clerk.example.com all the same, and tokens that name the proxy as their issuer are refused"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, own, _ := newWorld(t)
			prepare(t, test.config, own)
			if test.code != 0 {
				selfTest(test.code, test.body)(t, w, nil)
			}
			if got, want := strings.Join(proxyChecks(t, w), "\n"), strings.Join(test.want, "\n"); got != want {
				t.Errorf("expected\n%s\ngot\n%s", want, got)
			}
		})
	}
}

// TestDoctorLooksAtProxiesWithoutAGate has no gate, or one on another server, that
// would rely on the proxy.
func TestDoctorLooksAtProxiesWithoutAGate(t *testing.T) {
	const there = "https://app.example.com/__clerk"
	const healthy = `{"status":"healthy","x_forwarded_for":"203.0.113.7"}`
	proxyOf := func(site string) string { return site + " {\n\tclerk_proxy\n}\n" }
	for name, test := range map[string]struct {
		config, body string
		gates        int
		want         string // the last check of the proxy
	}{
		"healthy":             {proxyOf("app.example.com"), healthy, 0, "proxy ok: Clerk finds no fault with " + there + ", and takes this machine for 203.0.113.7"},
		"another path":        {"app.example.com {\n\tclerk_proxy /__other\n}\n", healthy, 0, "proxy failed: https://app.example.com/__other does not answer as Clerk: fetching the key set from app.example.com: expected HTTP status 200, got 404"},
		"a whole URL":         {"{\n\tclerk {\n\t\tproxy_url " + there + "\n\t}\n}\n" + proxyOf(":443"), healthy, 0, "proxy ok: Clerk finds no fault with " + there + ", and takes this machine for 203.0.113.7"},
		"Clerk finds fault":   {proxyOf("app.example.com"), `{"status":"unhealthy","message":"not today"}`, 0, "proxy failed: Clerk finds fault with " + there + ": not today"},
		"not running":         {proxyOf("app.example.com"), "", 0, "proxy skipped: clerk_proxy is at " + there + ", and it takes a site that runs to tell whether it answers: asking app.example.com: no such host"},
		"all hosts":           {proxyOf(":443"), "", 0, "proxy skipped: /__clerk is a path, and the configuration names no site that it could be asked at"},
		"beside another's":    {proxyOf("app.example.com:8443") + oneGate, "", 1, "proxy skipped: clerk_proxy is at https://app.example.com:8443/__clerk, and it takes a site that runs to tell whether it answers: asking app.example.com:8443: no such host"},
		"settings are wrong":  {"{\n\tclerk {\n\t\tproxy_url /__other\n\t}\n}\n" + proxyOf("app.example.com"), "", 0, "all else skipped: the settings must be right first"},
		"an instance of none": {"{\n\tclerk {\n\t\tinstance empty {\n\t\t\tpublishable_key {env.NOT_SET}\n\t\t}\n\t}\n}\napp.example.com {\n\tclerk_proxy {\n\t\tinstance empty\n\t}\n}\n", "", 1, "all else skipped: the settings must be right first"},
	} {
		t.Run(name, func(t *testing.T) {
			w, own, _ := newWorld(t)
			prepare(t, test.config, own)
			if test.body != "" {
				selfTest(http.StatusOK, test.body)(t, w, nil)
			}
			out, errs, _ := w.terminal().Run("doctor", "--json")
			var d diagnosis
			if err := json.Unmarshal([]byte(out), &d); err != nil || len(d.Gates) != test.gates || len(d.Proxies) != 1 || secretsIn(out) != nil {
				t.Fatalf("expected %d gates and a proxy, got %v, %s%s", test.gates, err, out, errs)
			}
			checks := d.Proxies[0].Checks
			if last := checks[len(checks)-1]; last.Name+" "+last.Result+": "+last.Finding != test.want {
				t.Errorf("expected %s, got %+v", test.want, last)
			}
		})
	}
}

func TestAProxyIsEnoughForDoctorAndConfig(t *testing.T) {
	w, own, _ := newWorld(t)
	prepare(t, "app.example.com {\n\tclerk_proxy\n}\n", own)
	selfTest(http.StatusOK, `{"status":"healthy","x_forwarded_for":"203.0.113.7"}`)(t, w, nil)
	for _, command := range []string{"doctor", "config"} {
		out, errs, status := w.terminal().Run(command)
		if status != 0 || errs != "" || secretsIn(out) != nil {
			t.Errorf("%s: expected all to be well, got %d, %s%s", command, status, errs, out)
		}
		expectGolden(t, command+"-proxy-alone", out)
	}
	if out, errs, _ := w.terminal().Run("verify", tokenOf(t, own)); !strings.Contains(out, "\nthe environment\n") {
		t.Errorf("expected verify to do without the configuration, got %s%s", errs, out)
	}
	_, errs, status := w.terminal().Run("verify", "--config", "Caddyfile", tokenOf(t, own))
	if status != 2 || !strings.Contains(errs, "expected a clerk_auth to hold the token against") {
		t.Errorf("expected verify to want a gate, got %d, %s", status, errs)
	}
}

// The self-test wants to know which domain, and only the Backend API knows.
func TestDoctorNamesTheDomainToTheSelfTest(t *testing.T) {
	w, own, _ := newWorld(t)
	prepare(t, proxyAndGate("clerk_proxy", "proxy_url /__clerk"), own)
	api := w.hosts["api.clerk.com"]
	w.hosts["api.clerk.com"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/domains" {
			api.ServeHTTP(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"data":[{"id":"dmn_satellite","is_satellite":true},{"id":"dmn_primary"},{"id":"dmn_proxied","proxy_url":"https://app.example.com/__clerk"}],"total_count":3}`)
	})
	selfTest(http.StatusOK, `{"status":"healthy","x_forwarded_for":"203.0.113.7"}`)(t, w, nil)
	site, asked := w.hosts["app.example.com"], ""
	w.hosts["app.example.com"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			asked = r.URL.RequestURI()
		}
		site.ServeHTTP(w, r)
	})
	if checks := proxyChecks(t, w); len(checks) != 2 || asked != "/__clerk/v1/proxy-health?domain_id=dmn_proxied" {
		t.Errorf("expected the domain of the proxy to be named, got %q, %q", asked, checks)
	}
}

// Whoever answers in the proxy's place may send anything, and gets no secret.
func TestDoctorIsNotImpressedByHostileProxies(t *testing.T) {
	for name, body := range map[string]string{
		"orders":        `{"status":"healthy","x_forwarded_for":"\u001b[2J\u202e"}`,
		"more orders":   `{"status":"unhealthy","message":"\u001b]0;x\u0007 \u202e"}`,
		"much":          `{"status":"unhealthy","message":"` + strings.Repeat("\u00e9 ", 100_000) + `"}`,
		"many":          `{"status":"healthy","x_forwarded_for":"` + strings.Repeat("1", 100_000) + `"}`,
		"secrets":       fmt.Sprintf(`{"status":"unhealthy","message":%q}`, ownSecret),
		"other types":   `{"status":7,"message":{},"errors":"no"}`,
		"endless":       strings.Repeat("[", 8<<20),
		"errors of nil": `{"errors":[null]}`,
	} {
		t.Run(name, func(t *testing.T) {
			w, own, _ := newWorld(t)
			prepare(t, proxyAndGate("clerk_proxy", "proxy_url /__clerk"), own)
			selfTest(http.StatusOK, body)(t, w, nil)
			out, errs, _ := w.terminal().Run("doctor")
			if errs != "" || len(out) > 8<<10 || strings.ContainsAny(out, "\x1b\a\u202e") || secretsIn(out) != nil {
				t.Errorf("expected some lines of plain text without secrets, got %.2000q%s", out, errs)
			}
			if strings.Trim(w.seen[ownSecret], " ") == "" || strings.Contains(w.seen[ownSecret], "app.example.com") {
				t.Errorf("expected the key to be shown to api_url alone, got %q", w.seen)
			}
		})
	}
}

func TestConfigShowsProxies(t *testing.T) {
	w, own, _ := newWorld(t)
	prepare(t, "{\n\tclerk {\n\t\tproxy_url /clerk\n\t}\n}\napp.example.com {\n\tclerk_proxy {env.SITE_PROXY} {\n\t\tupstream https://frontend.example.com\n\t}\n\tclerk_auth\n}\n"+
		"www.example.com {\n\tclerk_proxy\n}\n", own)
	t.Setenv("SITE_PROXY", "/clerk/")
	out, errs, status := w.terminal().Run("config")
	if status != 1 || errs != "" || secretsIn(out) != nil {
		t.Errorf("expected the second proxy to be wrong, got %d, %s%s", status, errs, out)
	}
	expectGolden(t, "config-proxy", out)
}
