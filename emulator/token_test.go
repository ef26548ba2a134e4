// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

func decode(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatalf("expected JSON, got %q", data)
	}
	return m
}

func headerOf(t *testing.T, token string) map[string]any {
	t.Helper()
	first, _, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, data)
}

func TestTokenClaims(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	now := float64(c.now().Unix())
	for _, want := range []struct {
		user, id, sts string
		o             map[string]any
	}{
		{"alice", "user_alice", "active", map[string]any{"id": "org_acme", "slg": "acme", "rol": "admin", "per": "manage,read", "fpm": "3,3"}},
		{"user_bob", "user_bob", "active", map[string]any{"id": "org_acme", "slg": "acme", "rol": "member", "per": "manage,read", "fpm": "2,2"}},
		{"carol", "user_carol", "active", nil},
		{"dave", "user_dave", "pending", nil},
	} {
		t.Run(want.user, func(t *testing.T) {
			token, err := e.Token(want.user, site)
			if err != nil {
				t.Fatal(err)
			}
			if got := headerOf(t, token); !reflect.DeepEqual(got, map[string]any{"alg": "RS256", "typ": "JWT", "kid": e.KeyID(), "cat": "cl_B7d4PD111AAA"}) {
				t.Errorf("header %v", got)
			}
			claims := decode(t, verified(t, e, token))
			for name, value := range map[string]any{
				"v": 2.0, "sub": want.id, "iss": e.Issuer(), "azp": site, "sts": want.sts,
				"iat": now, "nbf": now - 10, "exp": now + 60, "fva": []any{0.0, -1.0},
			} {
				if !reflect.DeepEqual(claims[name], value) {
					t.Errorf("%s is %v, want %v", name, claims[name], value)
				}
			}
			if o, _ := claims["o"].(map[string]any); !reflect.DeepEqual(o, want.o) {
				t.Errorf("o is %v, want %v", o, want.o)
			}
			if _, fea := claims["fea"]; fea != (want.o != nil) {
				t.Errorf("fea is %v", claims["fea"])
			}
			for _, name := range []string{"sid", "jti", "name", "email"} {
				if text, _ := claims[name].(string); text == "" {
					t.Errorf("%s is %v, want some text", name, claims[name])
				}
			}
		})
	}
}

func TestTokenOptions(t *testing.T) {
	e, c := newTestEmulator(t, Options{TokenLifetime: 30 * time.Second})
	first, err := e.Token("alice", "")
	if err != nil {
		t.Fatal(err)
	}
	c.advance(7*time.Minute + time.Second)
	issued := c.now().Add(-time.Minute)
	second, err := e.Token("alice", "", IssuedAt(issued), WithClaims(map[string]any{"aud": "api", "nbf": nil}))
	if err != nil {
		t.Fatal(err)
	}
	before, after := decode(t, verified(t, e, first)), decode(t, verified(t, e, second))
	if before["sid"] != after["sid"] || before["jti"] == after["jti"] {
		t.Error("expected one session and two tokens")
	}
	if _, found := before["azp"]; found {
		t.Error("an empty azp is in the token")
	}
	if _, found := after["nbf"]; found || after["aud"] != "api" {
		t.Errorf("claims were not changed: %v", after)
	}
	if after["exp"] != float64(issued.Unix()+30) || !reflect.DeepEqual(after["fva"], []any{6.0, -1.0}) {
		t.Errorf("exp %v and fva %v do not follow the time of issue", after["exp"], after["fva"])
	}
	if _, err := e.Token("mallory", ""); err == nil || !strings.Contains(err.Error(), "alice, bob, carol, dave") {
		t.Errorf("expected an error that lists the known users, got %v", err)
	}
}

func TestSignKeepsTheGivenHeader(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	token, err := e.Sign(map[string]any{"alg": "none", "kid": nil, "x": 1}, map[string]any{"a": "<&>"})
	if err != nil {
		t.Fatal(err)
	}
	if got := headerOf(t, token); !reflect.DeepEqual(got, map[string]any{"alg": "none", "kid": nil, "typ": "JWT", "x": 1.0}) {
		t.Errorf("header %v", got)
	}
	if _, err := e.Sign(map[string]any{"x": func() {}}, nil); err == nil {
		t.Error("a header that is no JSON was signed")
	}
}

func TestKeySets(t *testing.T) {
	e, _ := newTestEmulator(t, Options{SecretKey: "sk_test_mine"})
	for _, c := range []struct {
		path, authorization string
		status              int
	}{
		{"/.well-known/jwks.json", "", 200},
		{"/v1/jwks", "Bearer sk_test_mine", 200},
		{"/v1/jwks", "", 401},
		{"/v1/jwks", "sk_test_mine", 401},
		{"/v1/jwks", "Bearer sk_test_emulator", 401},
		{"/v1/jwks", "Bearer sk_test_mine ", 401},
		{"/v1/jwks", "bearer sk_test_mine", 401},
		{"/v1/clients/handshake_payload", "Bearer other", 401},
	} {
		response := call(e, "GET", c.path, withHeader("Authorization", c.authorization))
		data := []byte(body(t, response))
		if response.StatusCode != c.status {
			t.Fatalf("%s with %q: status %d, want %d", c.path, c.authorization, response.StatusCode, c.status)
		}
		if c.status == http.StatusUnauthorized {
			if !strings.Contains(string(data), `{"errors":[{"code":"clerk_key_invalid","message":`) || !strings.Contains(string(data), `"long_message":`) {
				t.Errorf("%s: body %s", c.path, data)
			}
			continue
		}
		set, err := jwk.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		key, found := set.LookupKeyID(e.KeyID())
		if !found || key.Algorithm().String() != "RS256" || key.KeyUsage() != "sig" || strings.Contains(string(data), `"d"`) {
			t.Errorf("%s: key set %s", c.path, data)
		}
	}
}
