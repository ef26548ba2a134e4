// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"strings"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// remedies say what to do about a token that a check refuses.
var remedies = map[string]string{
	verifier.CheckSize: "send a session token and nothing else; claims of your own should keep it under the 4 KB that a cookie can hold",
	verifier.CheckForm: "copy the whole token, such as the value of the cookie __session or what getToken() gives, with its two dots",
	verifier.CheckClass: "send a session token, which getToken() gives without a template; " +
		"to let programs pass, name their tokens in accepts_token",
	verifier.CheckKey: "check that publishable_key, secret_key, jwt_key and the front end are of the same Clerk instance; " +
		"`caddy clerk doctor` holds them against each other",
	verifier.CheckHeader: "take the token from Clerk; no token of Clerk's looks like this",
	verifier.CheckSignature: "the token was changed on its way, or it is of another instance than the key: take a fresh one, " +
		"and check with `caddy clerk doctor` that the keys are those of the front end's instance",
	verifier.CheckSubject:  "take a token that Clerk made for a user or a machine; this one names nobody",
	verifier.CheckAudience: "add the audience to the setting audience if it is meant, or take aud out of the claims in the Clerk Dashboard (Sessions)",
	verifier.CheckAuthorizedParty: "add the origin to authorized_parties if the front end there is yours; " +
		"a token without azp was not made for a browser on your site",
	verifier.CheckIssuer: "check that the front end and publishable_key are of the same Clerk instance; " +
		"if the Frontend API is reached through a proxy, set proxy_url",
	verifier.CheckExpiry: "take a fresh token: session tokens live for 60 seconds, and getToken() in the browser renews them; " +
		"if it was fresh, compare the clocks with `caddy clerk doctor`",
	verifier.CheckNotBefore: "set this machine's clock; `caddy clerk doctor` compares it with Clerk's",
	verifier.CheckIssuedAt:  "set this machine's clock; `caddy clerk doctor` compares it with Clerk's",
}

// mistaken are what is often taken for a session token, by how it begins.
var mistaken = []struct{ prefix, remedy string }{
	{"sk_", "this is a secret key, which must be shown to nobody: if it has been, make another in the Clerk Dashboard"},
	{"pk_", "this is a publishable key, which names the instance and lets nobody in"},
	{"ak_", "this is an API key, which only Clerk can verify: send it to a gate with accepts_token api_key"},
	{"mt_", "this is an opaque M2M token, which only Clerk can verify: send it to a gate with accepts_token m2m_token"},
	{"oat_", "this is an opaque OAuth token, which only Clerk can verify: send it to a gate with accepts_token oauth_token"},
	{"dvb_", "this is the token of a development browser, which says nothing of who is signed in"},
	{"__session", "leave the cookie's name out, and copy its value alone"},
}

// remedyFor says what to do about a refusal: what the refusal itself says, if
// anything, or what helps as a rule.
func remedyFor(refusal *verifier.Check, token string, j judge) string {
	if refusal.Name == verifier.CheckForm {
		for _, m := range mistaken {
			if strings.HasPrefix(token, m.prefix) {
				return m.remedy
			}
		}
	}
	if refusal.Reason == verifier.ReasonJWKRemoteFailedToLoad || refusal.Reason == verifier.ReasonSecretKeyInvalid || j.isKeyAlone() {
		if refusal.Remedy != "" {
			return refusal.Remedy
		}
	}
	return remedies[refusal.Name]
}

// splitRemedy parts an error of a setting's: what is wrong, and what to do about
// it.
func splitRemedy(err error) (problem, remedy string) {
	problem, remedy, _ = strings.Cut(err.Error(), "; ")
	return problem, remedy
}
