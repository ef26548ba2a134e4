// SPDX-License-Identifier: Apache-2.0

package legacy_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/caddy-clerk/caddy-clerk/authstate/legacy"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// page stands for the Backend API, which has the instance's page.
type page string

func (p page) Interstitial(context.Context) ([]byte, error) { return []byte(p), nil }

// gate lets only people who are signed in pass to next, and has a browser with
// an uncertain session load Clerk.js.
func gate(auth *legacy.Authenticator, pages legacy.InterstitialPages, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := auth.Authenticate(r)
		state.Apply(w.Header())
		switch {
		case state.IsSignedIn():
			next.ServeHTTP(w, r)
		case state.Unavailable:
			http.Error(w, "try again", http.StatusServiceUnavailable)
		case state.Status != legacy.Interstitial:
			http.Error(w, "sign in first", http.StatusUnauthorized)
		default:
			html, err := pages.Interstitial(r.Context())
			if err != nil {
				http.Error(w, "try again", http.StatusServiceUnavailable)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusUnauthorized)
			w.Write(html)
		}
	})
}

// An Authenticator stands in front of any http.Handler.
func Example() {
	keys, err := verifier.ParsePEM(publicKey)
	if err != nil {
		panic(err)
	}
	tokens, err := verifier.New(verifier.Options{Keys: keys})
	if err != nil {
		panic(err)
	}
	auth, err := legacy.New(legacy.Options{
		Verifier: tokens,
		Requirements: verifier.Requirements{
			Issuers:           []string{"https://clerk.example.com"},
			AuthorizedParties: []string{"https://app.example.com"},
			ClockSkew:         verifier.DefaultClockSkew,
		},
	})
	if err != nil {
		panic(err)
	}
	pages, err := legacy.NewPageCache(legacy.PageCacheOptions{Source: page("<script>…</script>")})
	if err != nil {
		panic(err)
	}
	handler := gate(auth, pages, http.NotFoundHandler())

	for _, cookie := range []string{"", "__client_uat=0", "__client_uat=1785585600"} {
		r := httptest.NewRequest(http.MethodGet, "https://app.example.com/", nil)
		r.Header.Set("Cookie", cookie)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		fmt.Println(answer.Code, answer.Header().Get("Auth-Result"), answer.Header().Get("Content-Type"))
	}
	// Output:
	// 401 cookie-and-uat-missing text/plain; charset=utf-8
	// 401 standard-signed-out text/plain; charset=utf-8
	// 401 cookie-missing text/html; charset=utf-8
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
