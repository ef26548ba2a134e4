// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"encoding/json"
	"strings"
	"testing"
)

const manySettings = `{
	clerk {
		secret_key {env.SITE_SECRET_KEY}
		audience {env.SITE_AUDIENCE}
		clock_skew 10s
	}
}
app.example.com {
	clerk_auth {
		publishable_key {env.SITE_PUBLISHABLE_KEY}
		authorized_parties https://app.example.com https://www.example.com
		machine_secret_key ak_0123456789abcdefMACHINE
		accepts_token session_token m2m_token
		proxy_url https://app.example.com/__clerk
		identity_headers {
			X-User {http.clerk.user_id}
			X-Shared-Secret hunter2
		}
	}
	clerk_auth /admin* {
		jwt_key {file.key.pem}
		require role org:admin
		forbidden 404
	}
}
http://localhost:8080 {
	route {
		clerk_auth {
			optional
			keys_max_stale 1h
		}
	}
}
`

func TestConfigShowsWhereSettingsComeFrom(t *testing.T) {
	w, own, _ := newWorld(t)
	prepare(t, manySettings, own)
	write(t, "key.pem", own.PublicKeyPEM())
	t.Setenv("SITE_PUBLISHABLE_KEY", own.PublishableKey())
	t.Setenv("SITE_SECRET_KEY", ownSecret)
	t.Setenv("SITE_AUDIENCE", "one,two")
	out, errs, status := w.terminal().Run("config")
	if status != 0 || errs != "" {
		t.Errorf("expected all to be well, got %d, %s", status, errs)
	}
	for _, secret := range append(secretsIn(out), "0123456789abcdef", "hunter2", "BEGIN PUBLIC KEY") {
		if strings.Contains(out, secret) {
			t.Errorf("expected no secret, got %q", secret)
		}
	}
	expectGolden(t, "config", out)

	out, _, _ = w.terminal().Run("config", "--json")
	var report struct {
		Gates []struct {
			Gate     string `json:"gate"`
			Settings []struct {
				Name   string `json:"name"`
				Value  any    `json:"value"`
				Source string `json:"source"`
			} `json:"settings"`
		} `json:"gates"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Gates) != 3 {
		t.Fatalf("expected three gates, got %v, %s", err, out)
	}
	if found := secretsIn(out); found != nil || strings.Contains(out, "0123456789abcdef") {
		t.Errorf("expected no secrets, got %s", out)
	}
}

func TestConfigShowsTheEnvironmentAlone(t *testing.T) {
	w, own, _ := newWorld(t)
	prepare(t, "", own)
	t.Setenv("CLERK_JWT_KEY", own.PublicKeyPEM())
	out, errs, status := w.terminal().Run("config")
	if status != 0 || errs != "" || secretsIn(out) != nil {
		t.Errorf("expected all to be well, got %d, %s%s", status, errs, out)
	}
	expectGolden(t, "config-environment", out)
}

func TestConfigShowsWhatIsNotRight(t *testing.T) {
	w, own, _ := newWorld(t)
	for name, test := range map[string]struct{ settings, want string }{
		"a placeholder that is empty": {"secret_key {env.NOT_SET}", "secret_key: evaluated placeholder {env.NOT_SET} is empty"},
		"a key of another type":       {"publishable_key {env.CLERK_PUBLISHABLE_KEY}\n\t\tsecret_key sk_test_0123456789abcdef", "secret_key: it is a development key"},
		"a key that is none":          {"publishable_key {env.CLERK_PUBLISHABLE_KEY}\n\t\tsecret_key 0123456789abcdef", "secret_key: expected a key that begins with sk_test_"},
		"a private key":               {"jwt_key 0123456789abcdef", "jwt_key: it is neither a public key"},
		"a part of a placeholder":     {"machine_secret_key 0123456789abcdef{env.NOT_SET}", "machine_secret_key: evaluated placeholder {env.NOT_SET} is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			prepare(t, "app.example.com {\n\tclerk_auth {\n\t\t"+test.settings+"\n\t}\n}\n", own)
			out, _, status := w.terminal().Run("config")
			if status != 1 || !strings.Contains(out, test.want) {
				t.Errorf("expected status 1 and %q, got %d, %s", test.want, status, out)
			}
			if strings.Contains(out, "0123456789abcdef") || secretsIn(out) != nil {
				t.Errorf("expected no secret, got %s", out)
			}
		})
	}
}

// A gate can stand in other places than the routes of a site.
func TestGatesAreFoundWhereverTheyStand(t *testing.T) {
	w, own, _ := newWorld(t)
	prepare(t, "", own)
	write(t, "caddy.json", `{"apps": {"http": {"servers": {"s": {
		"listen": [":443", "unix//run/caddy.sock"],
		"named_routes": {
			"gate": {"handle": [{"handler": "clerk_auth", "optional": true}]},
			"loop": {"handle": [{"handler": "invoke", "name": "gate"}]}
		},
		"routes": [
			{"match": [{"host": ["a.example.com"]}], "handle": [{"handler": "invoke", "name": "loop"}]},
			{"match": [{"host": ["b.example.com"]}], "handle": [{"handler": "authentication", "providers": {"clerk": {}}}]},
			{"handle": [{"handler": "reverse_proxy", "handle_response": [{"routes": [{"handle": [{"handler": "clerk_auth"}]}]}]}]}
		],
		"errors": {"routes": [{"match": [{"path": ["/e"]}], "handle": [{"handler": "clerk_auth"}]}]}
	}}}}}`)
	out, errs, status := w.terminal().Run("config", "--config", "caddy.json")
	var gates []string
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, " ") && line != "\n" {
			gates = append(gates, strings.TrimSpace(line))
		}
	}
	const want = "clerk_auth of https://a.example.com\nauthentication provider of https://b.example.com\nclerk_auth of https://*\nclerk_auth of https://* path [\"/e\"]"
	if got := strings.Join(gates, "\n"); got != want || status != 0 {
		t.Errorf("expected\n%s\ngot\n%s\n%s", want, got, errs)
	}
	write(t, "loop.json", `{"apps": {"http": {"servers": {"s": {
		"named_routes": {"loop": {"handle": [{"handler": "invoke", "name": "loop"}]}},
		"routes": [{"handle": [{"handler": "invoke", "name": "loop"}]}]
	}}}}}`)
	if _, errs, status := w.terminal().Run("config", "--config", "loop.json"); status != 2 || !strings.Contains(errs, "no more than 32 routes within each other") {
		t.Errorf("expected a mistake, got %d, %s", status, errs)
	}
}

const twoInstances = `{
	clerk {
		authorized_parties https://app.example.com https://shop.other.example
		instance ours {
			publishable_key {env.OUR_PUBLISHABLE_KEY}
			secret_key {env.OUR_SECRET_KEY}
		}
		instance theirs {
			publishable_key {env.THEIR_PUBLISHABLE_KEY}
			secret_key {env.THEIR_SECRET_KEY}
		}
		instance nobodys {
			publishable_key pk_live_0
		}
	}
}
app.example.com {
	clerk_auth {
		instance ours
	}
}
shop.other.example {
	clerk_auth {
		instance theirs
	}
}
`

func TestCommandsKnowNamedInstances(t *testing.T) {
	w, own, other := newWorld(t)
	prepare(t, twoInstances, nil)
	for name, value := range map[string]string{
		"OUR_PUBLISHABLE_KEY": own.PublishableKey(), "OUR_SECRET_KEY": ownSecret,
		"THEIR_PUBLISHABLE_KEY": other.PublishableKey(), "THEIR_SECRET_KEY": otherSecret,
	} {
		t.Setenv(name, value)
	}
	for _, name := range []string{"config", "doctor"} {
		out, errs, status := w.terminal().Run(name)
		if status != 1 || errs != "" || secretsIn(out) != nil {
			t.Errorf("expected the instance that nobody chooses to be wrong, got %d, %s%s", status, out, errs)
		}
		expectGolden(t, name+"-instances", withNames(out, own, other))
	}
	out, errs, _ := w.terminal().Run("verify", "--json", tokenOf(t, own))
	if _, reasons := verdict(t, out); strings.Join(reasons, ",") != "jwk-kid-mismatch," {
		t.Errorf("expected the token to be good at its own gate alone, got %q, %s", reasons, errs)
	}
}
