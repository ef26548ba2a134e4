// SPDX-License-Identifier: Apache-2.0

package authstate_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// gate lets only people who are signed in pass to next.
func gate(auth *authstate.Authenticator, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := auth.Authenticate(r)
		state.Apply(w.Header())
		switch {
		case state.Location != "":
			w.WriteHeader(http.StatusTemporaryRedirect)
		case state.IsSignedIn():
			next.ServeHTTP(w, r)
		case state.Unavailable:
			http.Error(w, "try again", http.StatusServiceUnavailable)
		default:
			http.Error(w, "sign in first", http.StatusUnauthorized)
		}
	})
}

// An Authenticator stands in front of any http.Handler. The public key and the
// publishable key come from the Clerk Dashboard.
func Example() {
	keys, err := verifier.ParsePEM(publicKey)
	if err != nil {
		panic(err)
	}
	tokens, err := verifier.New(verifier.Options{Keys: keys})
	if err != nil {
		panic(err)
	}
	auth, err := authstate.New(authstate.Options{
		PublishableKey: "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k",
		Verifier:       tokens,
		Requirements: verifier.Requirements{
			AuthorizedParties: []string{"https://app.example.com"},
			ClockSkew:         verifier.DefaultClockSkew,
		},
	})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(gate(auth, http.NotFoundHandler()))
	defer server.Close()

	for _, cookie := range []string{"", "__client_uat=1785585600"} {
		r, err := http.NewRequest(http.MethodGet, server.URL, nil)
		if err != nil {
			panic(err)
		}
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Sec-Fetch-Dest", "document")
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			panic(err)
		}
		answer.Body.Close()
		fmt.Println(answer.Status, "because of", answer.Header.Get("X-Clerk-Auth-Reason"))
		if location, _, ok := strings.Cut(answer.Header.Get("Location"), "?"); ok {
			fmt.Println("to", location)
		}
	}
	// Output:
	// 401 Unauthorized because of session-token-and-uat-missing
	// 307 Temporary Redirect because of client-uat-but-no-session-token
	// to https://clerk.example.com/v1/client/handshake
}

const publicKey = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuQI1MX/A2I1VOOVCci6H
WHtpafTh0f6U6e/Y1zlTDiQR75TwyhPfV4tk9visnsvxSIUbeSUxxO3laD7Nki3d
xv2shw97VDaAKOVEcP93l/P6k6oi5UwPWDR43tIOSwJ5z1AuqAGOSvCdAUsrBcS5
LGyEoYLClm67fQKy8bVi++P2dQII1pkF9+45nKDBPkj/2J5lkgu+fMPX9pl9zDWU
NHbh2992NzXBfQNjAc2bzsPT5sPEO0JQeQjIKZA52gkBKOAo8xrbhljhkdWjvPg0
wrv1gpMp49taWz2jzkBkvh6Z+DqFj1z7MwQ6A8kedBoMdOj5WSBy3td3vtMSDtsH
xwIDAQAB
-----END PUBLIC KEY-----`
