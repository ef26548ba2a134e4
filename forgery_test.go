// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// compact writes a JWT with whatever signature sign makes.
func compact(t *testing.T, header, claims map[string]any, sign func(signed string) []byte) string {
	t.Helper()
	part := func(value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	signed := part(header) + "." + part(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(sign(signed))
}

// TestForgedTokensAreRefusedClearly sends the classic forgeries through a real
// Caddy, by header and by cookie, and looks for them in the log afterwards.
func TestForgedTokensAreRefusedClearly(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	log
	clerk_auth {
		`+c.settings()+`
	}
	respond "in"`)
	claims := map[string]any{"sub": "user_alice", "sid": "s", "iss": c.Issuer(), "iat": time.Now().Unix(), "exp": time.Now().Unix() + 60}
	with := func(more map[string]any) map[string]any {
		header := map[string]any{"alg": "RS256", "typ": "JWT", "kid": c.KeyID()}
		for name, value := range more {
			header[name] = value
		}
		return header
	}
	nothing := func(string) []byte { return nil }
	byHMAC := func(signed string) []byte {
		mac := hmac.New(sha256.New, []byte(c.PublicKeyPEM()))
		mac.Write([]byte(signed))
		return mac.Sum(nil)
	}
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	embedded := map[string]any{
		"kty": "RSA", "e": "AQAB", "kid": c.KeyID(), "n": base64.RawURLEncoding.EncodeToString(own.N.Bytes()),
	}
	byOwn := func(signed string) []byte {
		digest := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(nil, own, 5, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}
	critical, err := c.Sign(with(map[string]any{"crit": []string{"exp"}}), claims)
	if err != nil {
		t.Fatal(err)
	}
	for name, forgery := range map[string]struct{ token, reason string }{
		"no algorithm":            {compact(t, with(map[string]any{"alg": "none"}), claims, nothing), "token-invalid-algorithm"},
		"no algorithm, no case":   {compact(t, with(map[string]any{"alg": "NoNe"}), claims, nothing), "token-invalid-algorithm"},
		"no signature":            {compact(t, with(nil), claims, nothing), "token-invalid-signature"},
		"HMAC of the public key":  {compact(t, with(map[string]any{"alg": "HS256"}), claims, byHMAC), "token-invalid-algorithm"},
		"a key of its own":        {compact(t, with(map[string]any{"jwk": embedded}), claims, byOwn), "token-invalid-signature"},
		"a key from elsewhere":    {compact(t, with(map[string]any{"jku": c.server.URL + "/own"}), claims, byOwn), "token-invalid-signature"},
		"an unknown key":          {compact(t, with(map[string]any{"kid": "ins_unknown"}), claims, byOwn), "jwk-kid-mismatch"},
		"an extension":            {critical, "token-invalid"},
		"another issuer's":        {sign(t, c, with(nil), map[string]any{"sub": "u", "iss": "https://clerk.evil.example", "exp": 1 << 35}), "token-invalid-issuer"},
		"a machine's":             {sign(t, c, with(nil), map[string]any{"sub": "mch_1", "iss": c.Issuer(), "exp": 1 << 35}), "token-type-mismatch"},
		"a template's":            {sign(t, c, with(map[string]any{"cat": "cl_B7d4PD222AAA"}), claims), "token-type-mismatch"},
		"nothing but punctuation": {"..", "token-invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, header := range [][]string{
				{"Authorization", "Bearer " + forgery.token},
				{"Cookie", both(c, "__clerk_db_jwt", "x") + both(c, "__client_uat", "1") + both(c, "__session", forgery.token)},
			} {
				answer := s.get("/", header...)
				answer.expect(t, http.StatusUnauthorized, "X-Clerk-Auth-Status", "signed-out", "X-Clerk-Auth-Reason", forgery.reason)
				if n := len(answer.Header.Get("X-Clerk-Auth-Message")); n > 1024 {
					t.Errorf("expected a short explanation, got %d bytes", n)
				}
			}
			if len(forgery.token) > 10 && strings.Contains(s.log(), forgery.token) {
				t.Error("expected the log not to contain the token")
			}
		})
	}
	if log := s.log(); strings.Contains(log, `"level":"error"`) {
		t.Error("expected no error in the log, since nothing is wrong but the requests")
	}
}

// both writes a cookie plain and with the instance's suffix.
func both(c *clerk, name, value string) string {
	return name + "=" + value + "; " + name + "_" + c.CookieSuffix() + "=" + value + "; "
}

func sign(t *testing.T, c *clerk, header, claims map[string]any) string {
	t.Helper()
	token, err := c.Sign(header, claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}
