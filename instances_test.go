// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// named gives a global option with instances, by name and settings in turn.
func named(instances ...string) string {
	var option strings.Builder
	option.WriteString("clerk {\n")
	for i := 0; i < len(instances); i += 2 {
		option.WriteString("instance " + instances[i] + " {\n" + instances[i+1] + "\n}\n")
	}
	return option.String() + "}\n"
}

func TestGatesChooseTheirInstanceByItsName(t *testing.T) {
	acme, shop, own := startClerk(t, emulator.Options{}), startClerk(t, emulator.Options{}), startClerk(t, emulator.Options{})
	s := serve(t, named("acme", acme.settings(), "shop", shop.settings()), `
		clerk_auth /acme {
			instance acme
		}
		clerk_auth /shop {
			instance shop
		}
		clerk_auth /own {
			`+own.settings()+`
		}
		respond {http.clerk.user_id}`)
	for path, right := range map[string]*clerk{"/acme": acme, "/shop": shop, "/own": own} {
		for _, c := range []*clerk{acme, shop, own} {
			answer := s.get(path, c.bearer(t, "alice", "")...)
			if c == right {
				answer.expect(t, http.StatusOK)
				continue
			}
			answer.expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Reason", "jwk-kid-mismatch")
		}
	}
}

// TestAProviderChoosesItsInstanceByItsName has a handler beside it, in JSON.
func TestAProviderChoosesItsInstanceByItsName(t *testing.T) {
	acme, shop := startClerk(t, emulator.Options{}), startClerk(t, emulator.Options{})
	s := serve(t, "", "respond in")
	_, port, _ := strings.Cut(strings.TrimPrefix(s.url, "http://"), ":")
	instance := func(c *clerk) string {
		return fmt.Sprintf(`{"publishable_key": %q, "secret_key": %q, "api_url": "%s/__clerk"}`, c.PublishableKey(), c.SecretKey(), c.server.URL)
	}
	config := func(chosen string) []byte {
		return []byte(`{
			"admin": {"disabled": true, "config": {"persist": false}},
			"storage": {"module": "file_system", "root": ` + strconv.Quote(t.TempDir()) + `},
			"logging": {"logs": {"default": {"writer": {"output": "discard"}}}},
			"apps": {
				"clerk": {"instances": {"acme": ` + instance(acme) + `, "shop": ` + instance(shop) + `}},
				"http": {"servers": {"srv0": {
					"listen": ["127.0.0.1:` + port + `"], "automatic_https": {"disable": true},
					"routes": [
						{"match": [{"path": ["/shop"]}], "handle": [{"handler": "clerk_auth", "instance": "shop"}, {"handler": "static_response"}]},
						{"handle": [{"handler": "authentication", "providers": {"clerk": {"instance": ` + strconv.Quote(chosen) + `}}}, {"handler": "static_response"}]}
					]
				}}}
			}
		}`)
	}
	if err := caddy.Load(config("acme"), true); err != nil {
		t.Fatal(err)
	}
	s.get("/", acme.bearer(t, "alice", "")...).expect(t, http.StatusOK)
	s.get("/", shop.bearer(t, "alice", "")...).expect(t, http.StatusUnauthorized)
	s.get("/shop", shop.bearer(t, "alice", "")...).expect(t, http.StatusOK)
	s.get("/shop", acme.bearer(t, "alice", "")...).expect(t, http.StatusUnauthorized)

	err := caddy.Load(config("acm"), true)
	if want := `: instance: expected acme or shop, as in the global option clerk, got "acm"`; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("expected %q, got %v", want, err)
	}
}

// TestInstancesInJSONAreCheckedAsThoseInACaddyfile has what no Caddyfile can
// adapt to.
func TestInstancesInJSONAreCheckedAsThoseInACaddyfile(t *testing.T) {
	withoutEnvironment(t)
	for instances, want := range map[string]string{
		`{"": {"clock_skew": 1}}`:                  `instance: expected a name of letters, digits, dashes and underscores, such as acme, got ""`,
		`{"a b": {"clock_skew": 1}}`:               `instance: expected a name of letters, digits, dashes and underscores, such as acme, got "a b"`,
		`{"acme": {}}`:                             `instance acme: expected a block of settings, such as publishable_key and secret_key`,
		`{"acme": null}`:                           `instance acme: expected a block of settings, such as publishable_key and secret_key`,
		`{"acme": {"instances": {"shop": {}}}}`:    `json: unknown field "instances"`,
		`{"acme": {"publishable_key": "pk_test"}}`: `instance acme: publishable_key: expected a publishable key, pk_test_… or pk_live_…, as the Clerk Dashboard shows it under API keys`,
	} {
		err := caddy.Validate(config(t, []byte(`{
			"admin": {"disabled": true}, "storage": {"module": "file_system", "root": `+strconv.Quote(t.TempDir())+`},
			"logging": {"logs": {"default": {"writer": {"output": "discard"}}}},
			"apps": {"clerk": {"instances": `+instances+`}}
		}`)))
		if err == nil || !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("%s: expected %q, got %v", instances, want, err)
		}
	}
}

// TestGatesWithEqualKeysShareAnInstance has the keys in four places, and takes
// Clerk away before they move from the one to the other.
func TestGatesWithEqualKeysShareAnInstance(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	const metrics = "handle /metrics {\nmetrics\n}\n"
	gate := func(path, settings string) string {
		return "handle " + path + " {\nclerk_auth {\n" + settings + "\n}\nrespond in\n}\n"
	}
	s := serve(t, named("acme", c.settings(), "again", c.settings()),
		metrics+gate("/named", "instance acme")+gate("/again", "instance again\nclock_skew 10s")+gate("/written", c.settings()))
	token := c.bearer(t, "alice", "")
	for _, path := range []string{"/named", "/again", "/written"} {
		s.get(path, token...).expect(t, http.StatusOK)
	}
	const label = `{frontend_api="[a-z0-9.-]+",instance="[0-9a-f]{12}"} `
	s.wantMetrics(t, "caddy_clerk_keys_stale"+label+"0\n", "caddy_clerk_keys_age_seconds"+label)
	if n := c.asked(); n != 1 {
		t.Errorf("expected the keys to be fetched once, got %d requests", n)
	}
	c.server.Close()
	for place, globals := range map[string][2]string{
		"in the gate":          {"", gate("/", c.settings())},
		"in the global option": {"clerk {\n" + c.settings() + "\n}\n", gate("/", "")},
		"under another name":   {named("other", c.settings()), gate("/", "instance other")},
	} {
		if err := s.load(globals[0], globals[1]); err != nil {
			t.Fatal(err)
		}
		if status := s.get("/", token...).StatusCode; status != http.StatusOK {
			t.Errorf("%s: expected the keys to serve on, got %d", place, status)
		}
	}
}

// TestAnInstanceThatNothingUsesDoesNothing has one beside another that serves.
func TestAnInstanceThatNothingUsesDoesNothing(t *testing.T) {
	used, unused := startClerk(t, emulator.Options{}), startClerk(t, emulator.Options{})
	const metrics = "handle /metrics {\nmetrics\n}\n"
	both := named("used", used.settings(), "unused", unused.settings())
	s := serve(t, both, metrics+"handle {\nclerk_auth {\ninstance used\n}\nrespond in\n}")
	s.get("/", used.bearer(t, "alice", "")...).expect(t, http.StatusOK)
	const label = `{frontend_api="[a-z0-9.-]+",instance="[0-9a-f]{12}"} `
	s.wantMetrics(t, "caddy_clerk_keys_stale"+label+"0\n", "caddy_clerk_keys_age_seconds"+label)

	if err := s.load(both, metrics); err != nil {
		t.Fatal(err)
	}
	noGoroutines(t)
	s.wantMetrics(t)
	if n := unused.asked(); n != 0 {
		t.Errorf("expected no request to Clerk, got %d", n)
	}
}
