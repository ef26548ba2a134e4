// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// FuzzVerify looks for a token that is accepted without having been signed.
// The token is either the given text or, if that is empty, a good token with
// a piece of it replaced: the key differs from process to process, and so a
// good token cannot stand in the corpus.
func FuzzVerify(f *testing.F) {
	f.Add("", uint16(0), "")
	f.Add("", uint16(20), "A")
	f.Add("", uint16(500), "==")
	f.Add("..", uint16(0), "")
	f.Add(encode(`{"alg":"none"}`)+"."+encode(toJSON(session(nil)))+".", uint16(0), "")
	f.Add(unsigned(header(members{"alg": "HS256"}), session(nil))+"."+encode("x"), uint16(0), "")
	for _, token := range oddTokens() {
		f.Add(token, uint16(0), "")
	}
	v, genuine := atNoon(keys()), good()
	bare := sign(header(members{"cat": absent, "typ": absent}), members{"sub": "", "exp": noon.Unix() + 9})
	f.Fuzz(func(t *testing.T, token string, at uint16, patch string) {
		if token == "" {
			token = genuine
			if at%2 == 1 {
				token = bare
			}
			start := int(at) % len(token)
			token = token[:start] + patch + token[min(start+len(patch), len(token)):]
		}
		claims, err := v.Verify(context.Background(), token, verifier.Requirements{})
		if (claims == nil) == (err == nil) {
			t.Fatalf("expected either claims or an error, got %v and %v", claims, err)
		}
		if err == nil && judge(token) != nil {
			t.Errorf("accepted what was not signed: %s", token)
		}
		if err != nil {
			checkText(t, err, token)
		}
		if directives, err := v.VerifyHandshake(context.Background(), token, 0); err == nil && judge(token) != nil {
			t.Errorf("accepted a handshake that was not signed: %q", directives)
		}
	})
}

// FuzzClaims signs whatever it is given, so that the reading of claims is
// reached.
func FuzzClaims(f *testing.F) {
	for _, changes := range []members{
		{},
		{"sub": 1},
		{"aud": []any{"a", nil}},
		{"exp": 1e300},
		{"act": members{"sub": "user_2"}},
		{"fva": []any{0, nil}},
		{"v": 2, "fea": "o:a,u:b", "pla": "u:gold", "o": members{"id": "org_1", "slg": "acme", "rol": "admin", "per": "read,manage", "fpm": "3,0"}},
		{"v": 2, "fea": "a,:,o:", "o": members{"id": "org_1", "per": ",", "fpm": "1,-1,9999999999999999999999999"}},
		{"org_id": "org_1", "org_role": "org:admin", "org_permissions": []any{"org:a:b", nil, 5}},
		{"handshake": []any{"a=b", nil, "c\r\nd"}},
	} {
		f.Add(toJSON(session(changes)))
	}
	f.Add("null")
	for _, odd := range []string{
		`{"sub":"a","sub":"b"}`,
		` { "exp" : 1e12 , "sub" : "a\"}b" , "x" : [ { "sub" : "c" } , "]" ] , "\u0073id" : "\ud83d\ude00" , "fva" : [ 1 , 2 ] } `,
		"{\"sub\":\"\xff\",\"exp\":99999999999,\"sts\":\"\\\\\",\"o\":{}}",
		`{"exp":99999999999,"sub":"a","fva":[1,2,3],"fva":[null,1]}`,
		`{"exp":99999999999,"sub":"a","fva":[-0,1.0]}`,
	} {
		f.Add(odd)
	}
	v := atNoon(keys())
	f.Fuzz(func(t *testing.T, payload string) {
		token := signText(`{"alg":"RS256","kid":"ins_1"}`, payload)
		claims, err := v.Verify(context.Background(), token, verifier.Requirements{})
		if err != nil {
			checkText(t, err, token)
		} else {
			checkClaims(t, claims, payload)
		}
		directives, err := v.VerifyHandshake(context.Background(), token, 0)
		for _, directive := range directives {
			if strings.ContainsAny(directive, "\r\n\x00") || err != nil {
				t.Errorf("a cookie could split the response: %q, %v", directive, err)
			}
		}
	})
}

func checkClaims(t *testing.T, claims *verifier.Claims, payload string) {
	t.Helper()
	if string(claims.JSON()) != payload || !json.Valid(claims.JSON()) {
		t.Errorf("expected the payload as it was signed, got %q", claims.JSON())
	}
	if !claims.ExpiresAt.After(noon.Add(-verifier.DefaultClockSkew)) {
		t.Errorf("accepted what expired at %v", claims.ExpiresAt)
	}
	if ages := claims.FactorAges; ages != nil && (ages.First < -1 || ages.Second < -1) {
		t.Errorf("got ages that are none: %+v", ages)
	}
	checkMembers(t, claims, payload)
	if claims.Organization == nil {
		return
	}
	if claims.Organization.ID == "" {
		t.Error("got an organization without an id")
	}
	if claims.Version != 2 {
		return // which carries its role and permissions ready-made
	}
	for _, permission := range claims.Organization.Permissions {
		if !strings.HasPrefix(permission, "org:") {
			t.Errorf("got the permission %q", permission)
		}
	}
	if role := claims.Organization.Role; role != "" && (!strings.HasPrefix(role, "org:") || role == "org:") {
		t.Errorf("got the role %q", role)
	}
}

// checkMembers reads the payload once more, as encoding/json does.
func checkMembers(t *testing.T, claims *verifier.Claims, payload string) {
	t.Helper()
	var read map[string]json.RawMessage
	if err := json.Unmarshal([]byte(payload), &read); err != nil {
		t.Fatalf("accepted what is no JSON object: %v", err)
	}
	for name, got := range map[string]string{
		"sub": claims.UserID, "sid": claims.SessionID, "sts": claims.SessionStatus,
		"iss": claims.Issuer, "azp": claims.AuthorizedParty,
	} {
		var want string
		if raw := read[name]; len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &want) != nil {
			t.Fatalf("expected a string, got %s", raw)
		}
		if got != want {
			t.Errorf("%s: expected %q, got %q", name, want, got)
		}
	}
	var ages []*int
	if json.Unmarshal(read["fva"], &ages) != nil || len(ages) != 2 || slices.Contains(ages, nil) || min(*ages[0], *ages[1]) < -1 {
		if claims.FactorAges != nil {
			t.Errorf("expected no ages of factors, got %+v", claims.FactorAges)
		}
	} else if claims.FactorAges == nil || *claims.FactorAges != (verifier.FactorAges{First: *ages[0], Second: *ages[1]}) {
		t.Errorf("expected the ages %d and %d, got %+v", *ages[0], *ages[1], claims.FactorAges)
	}
}

// FuzzParseJWKS looks for a key set that breaks the parser, or gives a key
// that no session token may be verified with.
func FuzzParseJWKS(f *testing.F) {
	f.Add(jwks(jwkOf(instanceKey, nil)), "ins_1")
	f.Add(jwks(), "")
	f.Add([]byte(`{"keys":[null,1,"x",{"kty":"oct","kid":"a","k":"AA"}]}`), "a")
	f.Add(jwks(jwkOf(instanceKey, members{"e": "AQ"}), jwkOf(attackerKey, members{"use": "enc"})), "ins_1")
	f.Add([]byte(toJSON(jwkOf(instanceKey, nil))), "ins_1")
	f.Add([]byte(`<html>`), "x")
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		source, err := verifier.ParseJWKS(body)
		if err != nil {
			return
		}
		checkKey(t, source, id)
		checkKey(t, source, kid)
	})
}

// FuzzParsePEM does the same for a PEM.
func FuzzParsePEM(f *testing.F) {
	text := pemOf(instanceKey)
	f.Add(text)
	f.Add(strings.ReplaceAll(text, "\n", `\n`))
	f.Add(strings.ReplaceAll(text, "\n", ""))
	f.Add(text[27:420])
	f.Add("-----BEGIN ")
	f.Add("-----BEGIN RSA PUBLIC KEY-----AAAA-----END RSA PUBLIC KEY-----")
	f.Add("-----BEGIN EC PRIVATE KEY-----AAAA-----END")
	f.Fuzz(func(t *testing.T, text string) {
		source, err := verifier.ParsePEM(text)
		if err != nil {
			return
		}
		checkKey(t, source, "")
	})
}

func checkKey(t *testing.T, source verifier.KeySource, id string) {
	t.Helper()
	key, err := source.Key(context.Background(), id)
	if err != nil {
		if reason := verifier.ReasonOf(err); reason != verifier.ReasonJWKKidMismatch {
			t.Errorf("expected a mismatch, got %v", err)
		}
		return
	}
	if bits := key.Public.N.BitLen(); bits < 2048 || bits > 8192 {
		t.Errorf("got a key of %d bits", bits)
	}
	if key.Public.E < 3 || key.Public.E%2 == 0 {
		t.Errorf("got a key with the exponent %d", key.Public.E)
	}
}
