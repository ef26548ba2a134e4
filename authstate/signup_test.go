// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"net/http/httptest"
	"testing"
	"time"
)

// TestSignUpLeadsToThePageThatClerksComponentsHave follows the reference: a
// page of its own, else the one below the sign-in page, else the hosted one.
func TestSignUpLeadsToThePageThatClerksComponentsHave(t *testing.T) {
	const back = "?redirect_url=https%3A%2F%2Fapp.example.com%2Fp"
	for name, test := range map[string]struct{ signIn, signUp, want string }{
		"hosted":           {"", "", "https://accounts.example.com/sign-up"},
		"own path":         {"", "/join", "https://app.example.com/join"},
		"own address":      {"/sign-in", "https://www.example.com/join", "https://www.example.com/join"},
		"below sign-in":    {"/sign-in", "", "https://app.example.com/sign-in/create"},
		"below an address": {"https://www.example.com/in", "", "https://www.example.com/in/create"},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := ParsePublishableKey("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
			if err != nil {
				t.Fatal(err)
			}
			a := &Authenticator{options: Options{SignInURL: test.signIn, SignUpURL: test.signUp, Now: time.Now}, key: key, jar: newCookieJar(key.CookieSuffix())}
			r := httptest.NewRequest("GET", "/p", nil)
			s := &State{Status: SignedOut, request: &request{auth: a, http: r, details: &details{address: RequestURL{"https", "app.example.com", "/p"}}}}
			got, err := s.SignUpURL()
			if err != nil || got != test.want+back {
				t.Errorf("expected %s, got %s (%v)", test.want+back, got, err)
			}
		})
	}
}
