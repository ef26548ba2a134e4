// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

const categoryM2M = "cl_B7d4PD333AAA"

// m2m is a machine-to-machine token that is good at noon, with changes.
func m2m(headerChanges, payloadChanges members) string {
	payload := members{
		"sub": "mch_1", "jti": "mt_1", "iss": issuer, "scopes": "mch_2 mch_3",
		"iat": noon.Unix() - 10, "nbf": noon.Unix() - 20, "exp": noon.Unix() + 50,
	}
	return sign(header(members{"cat": categoryM2M}).with(headerChanges), payload.with(payloadChanges))
}

// oauth is an OAuth access token that is good at noon, with changes.
func oauth(headerChanges, payloadChanges members) string {
	payload := members{
		"sub": "user_1", "jti": "oat_1", "iss": issuer, "client_id": "client_1", "scope": "read write",
		"iat": noon.Unix() - 10, "nbf": noon.Unix() - 20, "exp": noon.Unix() + 50,
	}
	return sign(header(members{"cat": absent, "typ": "at+jwt"}).with(headerChanges), payload.with(payloadChanges))
}

func verifyMachine(v *verifier.Verifier, token string, audiences ...string) (*verifier.MachineClaims, error) {
	parsed, err := v.Parse(token)
	if err != nil {
		return nil, err
	}
	return v.VerifyMachine(context.Background(), parsed, verifier.MachineRequirements{
		Audiences: audiences, ClockSkew: verifier.DefaultClockSkew,
	})
}

func TestAMachineTokenSaysWhoseItIs(t *testing.T) {
	for name, test := range map[string]struct {
		token  string
		kind   verifier.MachineKind
		id     string
		sub    string
		client string
		scopes []string
	}{
		"M2M":                        {m2m(nil, nil), verifier.M2MToken, "mt_1", "mch_1", "", []string{"mch_2", "mch_3"}},
		"M2M, no category":           {m2m(members{"cat": absent}, nil), verifier.M2MToken, "mt_1", "mch_1", "", []string{"mch_2", "mch_3"}},
		"M2M, no type":               {m2m(members{"typ": absent}, nil), verifier.M2MToken, "mt_1", "mch_1", "", []string{"mch_2", "mch_3"}},
		"M2M, audience":              {m2m(nil, members{"scopes": absent, "aud": []string{"mch_4"}}), verifier.M2MToken, "mt_1", "mch_1", "", []string{"mch_4"}},
		"M2M, one audience":          {m2m(nil, members{"scopes": absent, "aud": "mch_4"}), verifier.M2MToken, "mt_1", "mch_1", "", []string{"mch_4"}},
		"M2M, scopes and audience":   {m2m(nil, members{"aud": "mch_4"}), verifier.M2MToken, "mt_1", "mch_1", "", []string{"mch_2", "mch_3"}},
		"M2M, no scopes":             {m2m(nil, members{"scopes": absent}), verifier.M2MToken, "mt_1", "mch_1", "", nil},
		"OAuth":                      {oauth(nil, nil), verifier.OAuthToken, "oat_1", "user_1", "client_1", []string{"read", "write"}},
		"OAuth, long type":           {oauth(members{"typ": "application/at+jwt"}, nil), verifier.OAuthToken, "oat_1", "user_1", "client_1", []string{"read", "write"}},
		"OAuth, list of scopes":      {oauth(nil, members{"scp": []string{"a b"}}), verifier.OAuthToken, "oat_1", "user_1", "client_1", []string{"a b"}},
		"OAuth, no scope, no client": {oauth(nil, members{"scope": absent, "client_id": absent, "jti": absent}), verifier.OAuthToken, "", "user_1", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := verifyMachine(atNoon(keys()), test.token)
			if err != nil {
				t.Fatal(err)
			}
			if c.Kind != test.kind || c.ID != test.id || c.Subject != test.sub || c.ClientID != test.client || !slices.Equal(c.Scopes, test.scopes) {
				t.Errorf("got %+v", c)
			}
			if !c.ExpiresAt.Equal(noon.Add(50*time.Second)) || !c.IssuedAt.Equal(noon.Add(-10*time.Second)) {
				t.Errorf("the times are %v and %v", c.ExpiresAt, c.IssuedAt)
			}
		})
	}
}

func TestAMachineTokenIsRefusedForWhatIsWrong(t *testing.T) {
	foreign := func(token string) string {
		signed := token[:lastDot(token)]
		return signed + "." + encode(rsaSign(attackerKey, "RS256", signed))
	}
	for name, test := range map[string]struct {
		token string
		want  verifier.Reason
	}{
		"a stranger's signature":       {foreign(m2m(nil, nil)), verifier.ReasonTokenInvalidSignature},
		"a stranger's, OAuth":          {foreign(oauth(nil, nil)), verifier.ReasonTokenInvalidSignature},
		"an unknown key":               {m2m(members{"kid": "ins_2"}, nil), verifier.ReasonJWKKidMismatch},
		"no algorithm":                 {m2m(members{"alg": "none"}, nil), verifier.ReasonTokenInvalidAlgorithm},
		"a symmetric algorithm":        {oauth(members{"alg": "HS256"}, nil), verifier.ReasonTokenInvalidAlgorithm},
		"M2M of a session's category":  {m2m(members{"cat": "cl_B7d4PD111AAA"}, nil), verifier.ReasonTokenTypeMismatch},
		"M2M of a template's category": {m2m(members{"cat": "cl_B7d4PD222AAA"}, nil), verifier.ReasonTokenTypeMismatch},
		"M2M of no class":              {m2m(members{"cat": "cl_I7d4PD111III"}, nil), verifier.ReasonTokenTypeMismatch},
		"M2M of a null category":       {m2m(members{"cat": nil}, nil), verifier.ReasonTokenTypeMismatch},
		"M2M of OAuth's type":          {m2m(members{"typ": "at+jwt"}, nil), verifier.ReasonTokenInvalid},
		"M2M of another type":          {m2m(members{"typ": "jwt"}, nil), verifier.ReasonTokenInvalid},
		"a demand (crit)":              {m2m(members{"crit": []string{"x"}}, nil), verifier.ReasonTokenInvalid},
		"expired":                      {m2m(nil, members{"exp": noon.Unix() - 60}), verifier.ReasonTokenExpired},
		"expired, OAuth":               {oauth(nil, members{"exp": noon.Unix() - 60}), verifier.ReasonTokenExpired},
		"no expiry":                    {m2m(nil, members{"exp": absent}), verifier.ReasonTokenVerificationFailed},
		"an expiry that is text":       {oauth(nil, members{"exp": "2030"}), verifier.ReasonTokenVerificationFailed},
		"not active yet":               {m2m(nil, members{"nbf": noon.Unix() + 60}), verifier.ReasonTokenNotActiveYet},
		"from the future":              {oauth(nil, members{"iat": noon.Unix() + 60}), verifier.ReasonTokenIatInTheFuture},
		"OAuth without a subject":      {oauth(nil, members{"sub": absent}), verifier.ReasonTokenVerificationFailed},
		"OAuth with a number for it":   {oauth(nil, members{"sub": 7}), verifier.ReasonTokenVerificationFailed},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := verifyMachine(atNoon(keys()), test.token)
			if c != nil {
				t.Errorf("a refused token came with claims: %+v", c)
			}
			wantReason(t, err, test.want)
		})
	}
}

func lastDot(token string) int {
	for i := len(token) - 1; i >= 0; i-- {
		if token[i] == '.' {
			return i
		}
	}
	return -1
}

// Of OAuth tokens an audience is demanded when one is wanted, of M2M tokens not:
// theirs are machines.
func TestTheAudienceOfAMachineToken(t *testing.T) {
	for name, test := range map[string]struct {
		aud         any
		oauth, m2ms bool
	}{
		"it":              {"mine", true, true},
		"it among others": {[]string{"other", "mine"}, true, true},
		"another":         {"other", false, false},
		"others":          {[]string{"other", "another"}, false, false},
		"none":            {absent, false, true},
		"null":            {nil, false, true},
		"empty":           {"", false, true},
		"an empty list":   {[]string{}, false, true},
		"an empty one":    {[]string{"mine", ""}, false, true},
		"a mixed list":    {[]any{"mine", 1}, false, true},
		"a number":        {7, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, token := range map[string]string{
				"OAuth": oauth(nil, members{"aud": test.aud}), "M2M": m2m(nil, members{"aud": test.aud}),
			} {
				_, err := verifyMachine(atNoon(keys()), token, "mine", "ours")
				want := map[string]bool{"OAuth": test.oauth, "M2M": test.m2ms}[kind]
				if (err == nil) != want {
					t.Errorf("%s: %v, want accepted %t", kind, err, want)
				}
				if err != nil {
					wantReason(t, err, verifier.ReasonTokenVerificationFailed)
				}
				if _, err := verifyMachine(atNoon(keys()), token); err != nil {
					t.Errorf("%s, with no audience wanted: %v", kind, err)
				}
			}
		})
	}
}

// Tokens of all classes are signed with one key. None may stand in for another,
// whichever of them was seen before.
func TestNoClassOfTokensPassesForAnother(t *testing.T) {
	tokens := map[string]string{
		"session": good(), "session, no category": sign(header(members{"cat": absent}), session(nil)),
		"M2M": m2m(nil, nil), "M2M, no category": m2m(members{"cat": absent}, nil),
		"OAuth": oauth(nil, nil), "OAuth, session's category": oauth(members{"cat": "cl_B7d4PD111AAA"}, nil),
		"template": sign(header(members{"cat": "cl_B7d4PD222AAA"}), session(nil)),
	}
	machines := []string{"M2M", "M2M, no category", "OAuth", "OAuth, session's category"}
	sessions := []string{"session", "session, no category"}
	v, signatures, _ := remembering(t, keys(), 1<<20)
	for range 3 {
		for name, token := range tokens {
			_, err := v.Verify(context.Background(), token, verifier.Requirements{})
			if (err == nil) != slices.Contains(sessions, name) {
				t.Errorf("%s as a session token: %v", name, err)
			}
			c, err := verifyMachine(v, token)
			if (err == nil) != slices.Contains(machines, name) || (c == nil) != (err != nil) {
				t.Errorf("%s as a machine token: %v", name, err)
			}
		}
	}
	if n, want := signatures.times.Load(), int64(len(machines)+len(sessions)); n != want {
		t.Errorf("expected %d verifications, got %d: each token is remembered", want, n)
	}
}

// What is remembered is the signature, and never the verdict.
func TestAMachineTokenSeenBeforeIsCheckedAgain(t *testing.T) {
	source := new(changing)
	source.Store(keys())
	v, _, now := remembering(t, source, 1<<20)
	token := oauth(nil, members{"aud": "mine"})
	first := must(verifyMachine(v, token, "mine"))
	if again := must(verifyMachine(v, token, "mine")); again != first {
		t.Error("expected the very same claims")
	}
	_, err := verifyMachine(v, token, "other")
	wantReason(t, err, verifier.ReasonTokenVerificationFailed)
	later := noon.Add(time.Minute)
	now.Store(&later)
	_, err = verifyMachine(v, token, "mine")
	wantReason(t, err, verifier.ReasonTokenExpired)
	now.Store(&noon)
	source.Store(must(verifier.ParseJWKS(jwks(jwkOf(attackerKey, nil)))))
	_, err = verifyMachine(v, token, "mine")
	wantReason(t, err, verifier.ReasonTokenInvalidSignature)
}

func TestAnOutageSaysNothingAboutAMachineToken(t *testing.T) {
	down := brokenKeys{verifier.KeysUnavailable(verifier.ReasonJWKRemoteFailedToLoad, "", errors.New("no route"))}
	if _, err := verifyMachine(atNoon(down), m2m(nil, nil)); !errors.Is(err, verifier.ErrKeysUnavailable) {
		t.Errorf("expected ErrKeysUnavailable, got %v", err)
	}
}
