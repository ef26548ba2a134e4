// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// verdict gives the reason for which a claim is refused; empty when it is not.
func verdict(changes members, want verifier.Requirements) verifier.Reason {
	want.ClockSkew = verifier.DefaultClockSkew
	_, err := atNoon(keys()).Verify(context.Background(), sign(header(nil), session(changes)), want)
	if err == nil {
		return ""
	}
	return verifier.ReasonOf(err)
}

func TestTheAudienceIsCheckedWhereThereIsOne(t *testing.T) {
	const failed = verifier.ReasonTokenVerificationFailed
	for _, test := range []struct {
		aud  string
		want verifier.Reason
	}{
		{`"a"`, ""},
		{`"b"`, ""},
		{`"c"`, failed},
		{`"A"`, failed},
		{`"a "`, failed},
		{`["a"]`, ""},
		{`["x","b"]`, ""},
		{`["x"]`, failed},
		{`["x",""]`, failed},
		// None of these is an audience, and a session token needs none.
		{`""`, ""},
		{`null`, ""},
		{`[]`, ""},
		{`[""]`, ""},
		{`{}`, ""},
		{`5`, ""},
		{`true`, ""},
		{`["x",5]`, ""},
		{`["x",null]`, ""},
		{`[["x"]]`, ""},
	} {
		t.Run(test.aud, func(t *testing.T) {
			got := verdict(members{"aud": json.RawMessage(test.aud)}, verifier.Requirements{Audiences: []string{"a", "b"}})
			if got != test.want {
				t.Errorf("expected %q, got %q", test.want, got)
			}
			if got := verdict(members{"aud": json.RawMessage(test.aud)}, verifier.Requirements{}); got != "" {
				t.Errorf("expected no check without a demand, got %q", got)
			}
		})
	}
	if got := verdict(nil, verifier.Requirements{Audiences: []string{"a"}}); got != "" {
		t.Errorf("expected a token without audience to pass, got %q", got)
	}
}

func TestClaimsNameTheAudiences(t *testing.T) {
	if got := claimsOf(t, members{"aud": []string{"a", "b"}}).Audiences; len(got) != 2 || got[0] != "a" || got[1] != "b" {
		t.Errorf("expected a and b, got %q", got)
	}
	if got := claimsOf(t, nil).Audiences; got != nil {
		t.Errorf("expected none, got %q", got)
	}
}

// A token from a sibling subdomain is good but for its azp: leaving the claim
// out, or writing it as anything but the exact origin, must not help.
func TestTheAuthorizedPartyMustMatchExactly(t *testing.T) {
	const foreign = verifier.ReasonTokenInvalidAuthorizedParties
	want := verifier.Requirements{AuthorizedParties: []string{"https://other.example.com", origin}}
	for name, test := range map[string]struct {
		azp  any
		want verifier.Reason
	}{
		"the origin":            {origin, ""},
		"another":               {"https://evil.example.com", foreign},
		"a trailing slash":      {origin + "/", foreign},
		"another case":          {"https://APP.example.com", foreign},
		"a port":                {origin + ":443", foreign},
		"a longer host":         {origin + ".evil.example", foreign},
		"a list of the origin":  {[]string{origin}, foreign},
		"both in one string":    {origin + "," + origin, foreign},
		"empty":                 {"", foreign},
		"null":                  {nil, foreign},
		"missing":               {absent, foreign},
		"a number":              {1, foreign},
		"an object":             {members{}, foreign},
		"a NUL after the match": {origin + "\x00", foreign},
	} {
		t.Run(name, func(t *testing.T) {
			if got := verdict(members{"azp": test.azp}, want); got != test.want {
				t.Errorf("expected %q, got %q", test.want, got)
			}
			if got := verdict(members{"azp": test.azp}, verifier.Requirements{}); got != "" {
				t.Errorf("expected no check without a demand, got %q", got)
			}
		})
	}
	if got := verdict(members{"azp": ""}, verifier.Requirements{AuthorizedParties: []string{""}}); got != foreign {
		t.Errorf("expected an empty party to match nothing, got %q", got)
	}
}

func TestTheIssuerMustMatchExactly(t *testing.T) {
	const foreign = verifier.ReasonTokenInvalidIssuer
	want := verifier.Requirements{Issuers: []string{"https://proxy.example.com/__clerk", issuer}}
	for name, test := range map[string]struct {
		iss  any
		want verifier.Reason
	}{
		"the issuer":           {issuer, ""},
		"the proxy":            {"https://proxy.example.com/__clerk", ""},
		"another":              {"https://clerk.evil.example", foreign},
		"a trailing slash":     {issuer + "/", foreign},
		"http":                 {"http://clerk.example.com", foreign},
		"a longer host":        {issuer + ".evil.example", foreign},
		"a list of the issuer": {[]string{issuer}, foreign},
		"empty":                {"", foreign},
		"null":                 {nil, foreign},
		"missing":              {absent, foreign},
		"a number":             {1, foreign},
	} {
		t.Run(name, func(t *testing.T) {
			if got := verdict(members{"iss": test.iss}, want); got != test.want {
				t.Errorf("expected %q, got %q", test.want, got)
			}
			if got := verdict(members{"iss": test.iss}, verifier.Requirements{}); got != "" {
				t.Errorf("expected no check without a demand, got %q", got)
			}
		})
	}
}

func TestOneTokenCanBeJudgedByManySites(t *testing.T) {
	v := atNoon(keys())
	token := must(v.Parse(good()))
	if _, err := v.VerifyParsed(context.Background(), token, demands); err != nil {
		t.Fatal(err)
	}
	_, err := v.VerifyParsed(context.Background(), token, verifier.Requirements{AuthorizedParties: []string{"https://b.example"}})
	wantReason(t, err, verifier.ReasonTokenInvalidAuthorizedParties)
}
