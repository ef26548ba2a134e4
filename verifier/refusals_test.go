// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"errors"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func TestAGoodSessionTokenIsAccepted(t *testing.T) {
	claims := accepted(t, good())
	if claims.UserID != "user_1" || claims.SessionID != "sess_1" {
		t.Errorf("expected user_1 and sess_1, got %q and %q", claims.UserID, claims.SessionID)
	}
	if claims.Issuer != issuer || claims.AuthorizedParty != origin {
		t.Errorf("expected the issuer and the party of the token, got %q and %q", claims.Issuer, claims.AuthorizedParty)
	}
	if claims.ExpiresAt.Unix() != noon.Unix()+50 || claims.IssuedAt.Unix() != noon.Unix()-10 || claims.NotBefore.Unix() != noon.Unix()-20 {
		t.Errorf("expected the times of the token, got %v, %v, %v", claims.ExpiresAt, claims.IssuedAt, claims.NotBefore)
	}
	if got, want := string(claims.JSON()), toJSON(session(nil)); got != want {
		t.Errorf("expected the payload as it was signed, got %s", got)
	}
}

func TestEveryRefusalHasItsReason(t *testing.T) {
	for name, test := range map[string]struct {
		header, payload members
		want            verifier.Reason
	}{
		"another type":          {members{"typ": "jwt"}, nil, verifier.ReasonTokenInvalid},
		"an empty type":         {members{"typ": ""}, nil, verifier.ReasonTokenInvalid},
		"a null type":           {members{"typ": nil}, nil, verifier.ReasonTokenInvalid},
		"a number as type":      {members{"typ": 1}, nil, verifier.ReasonTokenInvalid},
		"a list as type":        {members{"typ": []string{"JWT"}}, nil, verifier.ReasonTokenInvalid},
		"no algorithm":          {members{"alg": absent}, nil, verifier.ReasonTokenInvalidAlgorithm},
		"a list as algorithm":   {members{"alg": []string{"RS256"}}, nil, verifier.ReasonTokenInvalidAlgorithm},
		"an unknown kid":        {members{"kid": "ins_2"}, nil, verifier.ReasonJWKKidMismatch},
		"no kid":                {members{"kid": absent}, nil, verifier.ReasonJWKKidMismatch},
		"a template's category": {members{"cat": "cl_B7d4PD222AAA"}, nil, verifier.ReasonTokenTypeMismatch},
		"a machine's category":  {members{"cat": "cl_B7d4PD333AAA"}, nil, verifier.ReasonTokenTypeMismatch},
		"an empty category":     {members{"cat": ""}, nil, verifier.ReasonTokenTypeMismatch},
		"a null category":       {members{"cat": nil}, nil, verifier.ReasonTokenTypeMismatch},
		"a list as category":    {members{"cat": []string{"cl_B7d4PD111AAA"}}, nil, verifier.ReasonTokenTypeMismatch},
		"a machine's subject":   {nil, members{"sub": "mch_1"}, verifier.ReasonTokenTypeMismatch},
		"an OAuth token":        {members{"typ": "at+jwt"}, nil, verifier.ReasonTokenTypeMismatch},
		"an OAuth token, long":  {members{"typ": "application/at+jwt"}, nil, verifier.ReasonTokenTypeMismatch},
		"OAuth in another case": {members{"typ": "AT+JWT"}, nil, verifier.ReasonTokenInvalid},
		"no subject":            {nil, members{"sub": absent}, verifier.ReasonTokenVerificationFailed},
		"a null subject":        {nil, members{"sub": nil}, verifier.ReasonTokenVerificationFailed},
		"a number as subject":   {nil, members{"sub": 1}, verifier.ReasonTokenVerificationFailed},
		"another party":         {nil, members{"azp": "https://evil.example"}, verifier.ReasonTokenInvalidAuthorizedParties},
		"another issuer":        {nil, members{"iss": "https://clerk.evil.example"}, verifier.ReasonTokenInvalidIssuer},
		"expired":               {nil, members{"exp": noon.Unix() - 60}, verifier.ReasonTokenExpired},
		"not active yet":        {nil, members{"nbf": noon.Unix() + 60}, verifier.ReasonTokenNotActiveYet},
		"from the future":       {nil, members{"iat": noon.Unix() + 60}, verifier.ReasonTokenIatInTheFuture},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, sign(header(test.header), session(test.payload)), test.want)
		})
	}
}

func TestHeadersWithoutClassOrTypeAreAccepted(t *testing.T) {
	for name, changes := range map[string]members{
		"no type":                        {"typ": absent},
		"no category":                    {"cat": absent},
		"the category that says nothing": {"cat": "cl_I7d4PD111III"},
		"members that nobody knows":      {"oiat": 1, "x": members{"y": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			accepted(t, sign(header(changes), session(nil)))
		})
	}
}

// Each step spoils a token that all later steps have spoilt too, so that each
// reason is shown to win over all that come after it.
func TestTheFirstReasonIsTheReferenceSDKs(t *testing.T) {
	steps := []struct {
		name            string
		header, payload members
		want            verifier.Reason
	}{
		{"category beats the key", members{"cat": "cl_B7d4PD333AAA"}, nil, verifier.ReasonTokenTypeMismatch},
		{"the key beats type and algorithm", members{"kid": "ins_2"}, nil, verifier.ReasonJWKKidMismatch},
		{"type beats the algorithm", members{"typ": "JWE"}, nil, verifier.ReasonTokenInvalid},
		{"the algorithm beats the signature", members{"alg": "none"}, nil, verifier.ReasonTokenInvalidAlgorithm},
		{"the key's algorithm beats the signature", members{"alg": "RS512"}, nil, verifier.ReasonTokenVerificationFailed},
		{"the signature beats all claims", nil, nil, verifier.ReasonTokenInvalidSignature},
		{"the subject", nil, members{"sub": 1}, verifier.ReasonTokenVerificationFailed},
		{"then the audience", nil, members{"aud": "other"}, verifier.ReasonTokenVerificationFailed},
		{"then the party", nil, members{"azp": "https://evil.example"}, verifier.ReasonTokenInvalidAuthorizedParties},
		{"then the issuer", nil, members{"iss": "https://evil.example"}, verifier.ReasonTokenInvalidIssuer},
		{"then the expiry", nil, members{"exp": noon.Unix() - 60}, verifier.ReasonTokenExpired},
		{"then the beginning", nil, members{"nbf": noon.Unix() + 60}, verifier.ReasonTokenNotActiveYet},
		{"then the time of issue", nil, members{"iat": noon.Unix() + 60}, verifier.ReasonTokenIatInTheFuture},
	}
	want := demands
	want.Audiences = []string{"mine"}
	for i, step := range steps {
		h, p := header(nil), session(nil)
		for j := len(steps) - 1; j >= i; j-- {
			h, p = h.with(steps[j].header), p.with(steps[j].payload)
		}
		token := sign(h, p)
		if i <= 5 {
			token = token[:len(token)-40] + encode(make([]byte, 30))
		}
		t.Run(step.name, func(t *testing.T) {
			_, err := atNoon(keys()).Verify(context.Background(), token, want)
			wantReason(t, err, step.want)
		})
	}
}

func TestSubjectAndAudienceAreToldApartByTheirMessages(t *testing.T) {
	want := demands
	want.Audiences = []string{"mine"}
	both := sign(header(nil), session(members{"sub": 1, "aud": "other"}))
	_, err := atNoon(keys()).Verify(context.Background(), both, want)
	if err == nil || err.Error() != "expected a subject (sub) that is a string (token-verification-failed)" {
		t.Errorf("expected the subject to be refused first, got %v", err)
	}
}

// A key server that is down must not look like a bad token, whatever else is
// wrong with it; and a token whose class is wrong needs no key at all.
func TestAnOutageBeatsEverythingButTheForm(t *testing.T) {
	down := brokenKeys{verifier.KeysUnavailable(verifier.ReasonJWKRemoteFailedToLoad, "", errors.New("no route"))}
	_, err := atNoon(down).Verify(context.Background(), sign(header(members{"alg": "none"}), session(nil)), demands)
	wantReason(t, err, verifier.ReasonJWKRemoteFailedToLoad)
	if !errors.Is(err, verifier.ErrKeysUnavailable) {
		t.Errorf("expected ErrKeysUnavailable, got %v", err)
	}
	_, err = atNoon(down).Verify(context.Background(), sign(header(members{"cat": "x"}), session(nil)), demands)
	wantReason(t, err, verifier.ReasonTokenTypeMismatch)
}

type brokenKeys struct{ err error }

func (b brokenKeys) Key(context.Context, string) (*verifier.Key, error) { return nil, b.err }

func TestAVerifierNeedsKeys(t *testing.T) {
	if _, err := verifier.New(verifier.Options{}); err == nil {
		t.Error("expected a verifier without keys to be refused")
	}
}

func TestReasonOfAForeignErrorIsVerificationFailed(t *testing.T) {
	if got := verifier.ReasonOf(errors.New("x")); got != verifier.ReasonTokenVerificationFailed {
		t.Errorf("expected token-verification-failed, got %s", got)
	}
}

func TestTheRefusalsCauseCanBeReached(t *testing.T) {
	cause := errors.New("no route")
	err := verifier.KeysUnavailable(verifier.ReasonSecretKeyInvalid, "renew it", cause)
	var refusal *verifier.Error
	if !errors.As(err, &refusal) || refusal.Remedy != "renew it" || !errors.Is(err, cause) {
		t.Errorf("expected reason, remedy and cause to be kept, got %#v", err)
	}
}
