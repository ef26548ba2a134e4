// SPDX-License-Identifier: Apache-2.0

package authstate

import "testing"

// The moment a token was issued is compared before it is verified, and so
// before it is known to be a number.
func TestAnIssueTimeThatIsNoNumberIsComparedAsJavaScriptDoes(t *testing.T) {
	const before = ReasonSessionTokenIATBeforeClientUAT
	for name, test := range map[string]struct {
		issuedAt any
		status   Status
		reason   string
	}{
		"true":                {true, Handshake, before},
		"false":               {false, Handshake, before},
		"an early number":     {"1000", Handshake, before},
		"an empty text":       {"", Handshake, before},
		"a late number":       {"99999999999", SignedOut, "token-verification-failed"},
		"words":               {"soon", SignedOut, "token-verification-failed"},
		"an object":           {object{}, SignedOut, "token-verification-failed"},
		"nothing, not a null": {nil, SignedIn, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, liveKey)
			session := k.session(object{"iat": test.issuedAt})
			s := k.auth.Authenticate(document(t, "/", "__client_uat=1700000000", "__session="+session))
			expect(t, s, test.status, test.reason)
		})
	}
}
