// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestTokenEndpoint(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	for _, c := range []struct {
		query  string
		status int
		azp    any
	}{
		{"user=alice", 200, site},
		{"user=dave&azp=https%3A%2F%2Fother.test", 200, "https://other.test"},
		{"user=mallory", 404, nil},
		{"", 404, nil},
		{"user=alice&azp=a%0d%0ab", 400, nil},
		{"user=alice&azp=" + strings.Repeat("a", maxValue+1), 400, nil},
		{"user=%zz", 400, nil},
		{"user=alice&" + strings.Repeat("a=b&", maxQuery/4), 400, nil},
	} {
		response := call(e, "GET", "/emulator/token?"+c.query)
		text := body(t, response)
		if response.StatusCode != c.status {
			t.Fatalf("%.40s: status %d, want %d", c.query, response.StatusCode, c.status)
		}
		if c.status == 404 && !strings.Contains(text, "alice, bob, carol, dave") {
			t.Errorf("%.40s: the known users are not named: %s", c.query, text)
		}
		if c.status == 200 {
			if claims := decode(t, verified(t, e, text)); claims["azp"] != c.azp {
				t.Errorf("%.40s: azp %v, want %v", c.query, claims["azp"], c.azp)
			}
		}
	}
}

func TestOpaqueMachineTokens(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	for query, pattern := range map[string]string{
		"type=api_key&user=alice":       `^ak_[A-Z0-9]{26,}$`,
		"type=oauth_token&user=alice":   `^oat_[A-Z0-9]{26,}$`,
		"type=m2m_token&user=alice":     `^mt_[A-Z0-9]{26,}$`,
		"type=m2m_token":                `^mt_[A-Z0-9]{26,}$`,
		"type=session_token&user=alice": `^eyJ[^.]+\.[^.]+\.[^.]+$`,
	} {
		first, second := body(t, call(e, "GET", "/emulator/token?"+query)), body(t, call(e, "GET", "/emulator/token?"+query))
		if !regexp.MustCompile(pattern).MatchString(first) || first == second {
			t.Errorf("%s: tokens %q and %q", query, first, second)
		}
	}
}

func TestMachineJWTs(t *testing.T) {
	e, c := newTestEmulator(t, Options{})
	issued := float64(c.now().Unix())
	for query, want := range map[string]struct{ header, claims map[string]any }{
		"type=m2m_token&format=jwt": {
			map[string]any{"typ": "JWT", "cat": "cl_B7d4PD333AAA"},
			map[string]any{"sub": "mch_demo", "scopes": "mch_service"},
		},
		"type=oauth_token&format=jwt&user=alice": {
			map[string]any{"typ": "at+jwt"},
			map[string]any{"sub": "user_alice", "client_id": "client_demo", "scope": "profile email"},
		},
	} {
		token := body(t, call(e, "GET", "/emulator/token?"+query))
		want.header["alg"], want.header["kid"] = "RS256", e.KeyID()
		if got := headerOf(t, token); !reflect.DeepEqual(got, want.header) {
			t.Errorf("%s: header %v, want %v", query, got, want.header)
		}
		got := decode(t, verified(t, e, token))
		if id, _ := got["jti"].(string); id == "" {
			t.Errorf("%s: jti %v, want some text", query, got["jti"])
		}
		delete(got, "jti")
		want.claims["iss"], want.claims["iat"], want.claims["nbf"], want.claims["exp"] = e.Issuer(), issued, issued-10, issued+3600
		if !reflect.DeepEqual(got, want.claims) {
			t.Errorf("%s: claims %v, want %v", query, got, want.claims)
		}
	}
}

func TestTokensThatAreNotMade(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	for query, status := range map[string]int{
		"user=alice&type=password":                    http.StatusBadRequest,
		"user=alice&type=API_KEY":                     http.StatusBadRequest,
		"user=alice&format=jwt":                       http.StatusBadRequest,
		"user=alice&type=session_token&format=jwt":    http.StatusBadRequest,
		"user=alice&type=api_key&format=jwt":          http.StatusBadRequest,
		"user=alice&type=m2m_token&format=opaque":     http.StatusBadRequest,
		"user=alice&type=oauth_token&format=JWT":      http.StatusBadRequest,
		"user=mallory&type=api_key":                   http.StatusNotFound,
		"user=mallory&type=oauth_token":               http.StatusNotFound,
		"type=oauth_token&format=jwt":                 http.StatusNotFound,
		"user=alice&type=" + strings.Repeat("a", 9e3): http.StatusBadRequest,
	} {
		response := call(e, "GET", "/emulator/token?"+query)
		if response.StatusCode != status || !strings.HasPrefix(body(t, response), `{"errors":[{"code":"`) {
			t.Errorf("%.60s: status %d, want %d", query, response.StatusCode, status)
		}
	}
	if len(e.machines.tokens.entries) != 0 {
		t.Errorf("refused requests left %d tokens", len(e.machines.tokens.entries))
	}
}
