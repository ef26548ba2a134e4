// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// sessionStore is Sessions with an answer, that keeps what it was asked.
type sessionStore struct {
	cookies []string
	err     error
	asked   []Refresh
}

func (s *sessionStore) RefreshSession(_ context.Context, refresh Refresh) ([]string, error) {
	s.asked = append(s.asked, refresh)
	return s.cookies, s.err
}

// newRefreshing makes a kit that refreshes sessions.
func newRefreshing(t testing.TB, key string, change ...func(*Options)) (*kit, *sessionStore) {
	t.Helper()
	store := new(sessionStore)
	k := newKit(t, key, append(change, func(o *Options) { o.Sessions = store })...)
	return k, store
}

// stale are the cookies of somebody whose session token has expired.
func (k *kit) stale(changes ...object) []string {
	old := object{"iat": k.at(-120), "nbf": k.at(-130), "exp": k.at(-60)}
	return []string{
		"__session=" + k.session(append([]object{old}, changes...)...), "__client_uat=1", "__clerk_db_jwt=dvb_1",
		"__refresh_" + k.auth.key.CookieSuffix() + "=rt_1",
	}
}

const expiredRefresh = ReasonSessionTokenExpired + "-refresh-"

func TestAnExpiredSessionIsRefreshed(t *testing.T) {
	for _, key := range []string{liveKey, testKey} {
		k, store := newRefreshing(t, key)
		fresh := k.session()
		store.cookies = directivesOf(fresh)
		for name, r := range map[string]*http.Request{
			"a navigation": document(t, "/p?a=1", k.stale()...),
			"a script":     script(t, "/p?a=1", k.stale()...),
			"the header": read(t, "GET /p?a=1", "Authorization: Bearer "+k.expired(), "Sec-Fetch-Dest: empty",
				"Cookie: __refresh_"+k.auth.key.CookieSuffix()+"=rt_1"),
		} {
			t.Run(key[:7]+" "+name, func(t *testing.T) {
				store.asked = nil
				s := k.auth.Authenticate(r)
				expect(t, s, SignedIn, "")
				if s.Token != fresh || !slices.Equal(s.Cookies, store.cookies) || s.Location != "" || s.Returned {
					t.Errorf("%+v", s)
				}
				if len(store.asked) != 1 {
					t.Fatalf("asked %d times", len(store.asked))
				}
				asked := store.asked[0]
				if asked.SessionID != "sess_1" || asked.ExpiredToken != k.expired() || asked.RefreshToken != "rt_1" ||
					asked.SuffixedCookies || asked.Origin != appOrigin || asked.Header.Get("Cookie") != r.Header.Get("Cookie") {
					t.Errorf("asked with %+v", asked)
				}
				header := http.Header{}
				s.Apply(header)
				if header.Get("Cache-Control") != "no-store" || header.Get("Access-Control-Allow-Origin") != "" || header.Get("X-Clerk-Auth-Status") != "" {
					t.Errorf("headers %v", header)
				}
			})
		}
	}
}

func TestARefreshSaysWhichCookiesCount(t *testing.T) {
	k, store := newRefreshing(t, liveKey)
	store.cookies = directivesOf(k.session())
	expect(t, k.auth.Authenticate(document(t, "/", "__session"+liveSuffix+"="+k.expired(), "__client_uat"+liveSuffix+"=1", "__refresh"+liveSuffix+"=rt_1")), SignedIn, "")
	if len(store.asked) != 1 || !store.asked[0].SuffixedCookies {
		t.Errorf("asked with %+v", store.asked)
	}
}

func TestWhyASessionIsNotRefreshed(t *testing.T) {
	failed := errors.New("it failed")
	for _, test := range []struct {
		name    string
		cookies []string
		err     error
		why     string
	}{
		{"a code", nil, &RefreshError{"session_not_found", failed}, "session_not_found"},
		{"a word of the SDK's", nil, &RefreshError{"unexpected-bapi-error", failed}, "unexpected-bapi-error"},
		{"wrapped", nil, fmt.Errorf("asking: %w", &RefreshError{"session_not_found", failed}), "session_not_found"},
		{"no code", nil, &RefreshError{"", failed}, "unexpected-bapi-error"},
		{"a sentence", nil, &RefreshError{"not found", failed}, "unexpected-bapi-error"},
		{"a line break", nil, &RefreshError{"x\r\nSet-Cookie: a=b", failed}, "unexpected-bapi-error"},
		{"a parameter", nil, &RefreshError{"x&redirect_url=https://evil.example", failed}, "unexpected-bapi-error"},
		{"a long code", nil, &RefreshError{strings.Repeat("a", 65), failed}, "unexpected-bapi-error"},
		{"any error", nil, failed, "fetch-error"},
		{"Clerk is away", nil, fmt.Errorf("asking: %w", ErrUnavailable), "fetch-error"},
		{"no cookies", nil, nil, "unexpected-sdk-error"},
		{"an empty list", []string{}, nil, "unexpected-sdk-error"},
		{"no session among them", []string{"__client_uat=1"}, nil, "invalid-session-token"},
		{"an empty session", directivesOf(""), nil, "invalid-session-token"},
		{"an empty session at last", append(directivesOf("x"), "__session="), nil, "invalid-session-token"},
		{"no token", directivesOf("garbage"), nil, "invalid-session-token"},
		{"a control character", append(directivesOf("x"), "a=b\r\nSet-Cookie: c=d"), nil, "fetch-error"},
		{"too many", slices.Repeat([]string{"a=b"}, 100), nil, "fetch-error"},
		{"too long", []string{"a=" + strings.Repeat("b", 10<<10)}, nil, "fetch-error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, store := newRefreshing(t, liveKey)
			store.cookies, store.err = test.cookies, test.err
			s := k.auth.Authenticate(document(t, "/p", k.stale()...))
			expect(t, s, Handshake, expiredRefresh+test.why)
			if got := query(t, s.Location, "__clerk_hs_reason"); got != s.Reason {
				t.Errorf("the handshake says %q", got)
			}
			if len(s.Cookies) != 1 || !isCounter(s.Cookies[0]) {
				t.Errorf("cookies %q", s.Cookies)
			}
			expect(t, k.auth.Authenticate(script(t, "/p", k.stale()...)), SignedOut, expiredRefresh+test.why)
		})
	}
}

func TestARefreshedTokenIsVerifiedLikeAnyOther(t *testing.T) {
	k, store := newRefreshing(t, liveKey, func(o *Options) { o.Requirements.AuthorizedParties = []string{appOrigin} })
	for name, token := range map[string]string{
		"a stranger's":       k.foreign(),
		"expired":            k.expired(),
		"not yet":            k.session(object{"nbf": k.at(60)}),
		"another issuer's":   k.session(object{"iss": "https://clerk.evil.example"}),
		"another party's":    k.session(object{"azp": "https://evil.example"}),
		"a machine's":        k.session(object{"sub": "mch_1"}),
		"a template's":       sign(instanceRSA(), jwtHeader(object{"cat": templateClass}), k.claims()),
		"another person's":   k.session(object{"sub": "user_2"}),
		"nobody's":           k.session(object{"sub": nil}),
		"an empty subject's": k.session(object{"sub": ""}),
	} {
		store.cookies = directivesOf(token)
		s := k.auth.Authenticate(document(t, "/p", k.stale()...))
		expect(t, s, Handshake, expiredRefresh+"invalid-session-token")
		if len(s.Cookies) != 1 || !isCounter(s.Cookies[0]) {
			t.Errorf("%s: cookies %q", name, s.Cookies)
		}
	}
}

// The reference judges the header's token and refreshes the cookie's.
func TestAHeaderOfOnePersonNeverSignsInAnother(t *testing.T) {
	k, store := newRefreshing(t, liveKey)
	mine := k.session(object{"sub": "user_2", "sid": "sess_2", "iat": k.at(-120), "nbf": nil, "exp": k.at(-60)})
	request := func() *http.Request {
		r := document(t, "/p", k.stale()...)
		r.Header.Set("Authorization", "Bearer "+mine)
		return r
	}
	store.cookies = directivesOf(k.session())
	expect(t, k.auth.Authenticate(request()), Handshake, expiredRefresh+"invalid-session-token")
	store.cookies = directivesOf(k.session(object{"sub": "user_2"}))
	s := k.auth.Authenticate(request())
	expect(t, s, SignedIn, "")
	if s.Claims.UserID != "user_2" {
		t.Errorf("signed in as %s", s.Claims.UserID)
	}
	for _, asked := range store.asked {
		if asked.SessionID != "sess_2" || asked.ExpiredToken != mine {
			t.Errorf("asked to refresh %s", asked.SessionID)
		}
	}
}

func TestClerkIsAskedOnlyForWhatCanBeRefreshed(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(k *kit, cookies []string) []string
		line   string
		reason string
	}{
		{"no GET", nil, "POST /", expiredRefresh + "non-eligible-non-get"},
		{"HEAD", nil, "HEAD /", expiredRefresh + "non-eligible-non-get"},
		{"no refresh token", func(_ *kit, c []string) []string { return c[:3] }, "GET /", expiredRefresh + "non-eligible-no-refresh-cookie"},
		{"an empty one", func(_ *kit, c []string) []string { return append(c[:3], "__refresh"+liveSuffix+"=") }, "GET /", expiredRefresh + "non-eligible-no-refresh-cookie"},
		{"one without suffix", func(_ *kit, c []string) []string { return append(c[:3], "__refresh=rt_1") }, "GET /", expiredRefresh + "non-eligible-no-refresh-cookie"},
		{"another instance's", func(_ *kit, c []string) []string { return append(c[:3], "__refresh"+testSuffix+"=rt_1") }, "GET /", expiredRefresh + "non-eligible-no-refresh-cookie"},
		{"no session ID", func(k *kit, _ []string) []string { return k.stale(object{"sid": nil}) }, "GET /", expiredRefresh + "expired-session-token-missing-sid-claim"},
		{"a session ID that is none", func(k *kit, _ []string) []string { return k.stale(object{"sid": 7}) }, "GET /", expiredRefresh + "expired-session-token-missing-sid-claim"},
		{"a forged token", func(k *kit, c []string) []string {
			forged := sign(foreignRSA(), jwtHeader(), k.claims(object{"exp": k.at(-60)}))
			return append([]string{"__session=" + forged}, c[1:]...)
		}, "GET /", "token-invalid-signature"},
		{"another party's token", func(k *kit, _ []string) []string { return k.stale(object{"azp": "https://evil.example"}) }, "GET /", "token-invalid-authorized-parties"},
		{"a token of the future", func(k *kit, c []string) []string {
			return append([]string{"__session=" + k.session(object{"nbf": k.at(60)})}, c[1:]...)
		}, "GET /", ReasonSessionTokenNBF},
		{"an address that cannot be read", nil, "GET /" + strings.Repeat("a", 17<<10), expiredRefresh + "unexpected-sdk-error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, store := newRefreshing(t, liveKey, func(o *Options) { o.Requirements.AuthorizedParties = []string{appOrigin} })
			store.cookies = directivesOf(k.session())
			cookies := k.stale()
			if test.change != nil {
				cookies = test.change(k, cookies)
			}
			s := k.auth.Authenticate(read(t, test.line, "Sec-Fetch-Dest: empty", "Cookie: "+strings.Join(cookies, "; ")))
			expect(t, s, SignedOut, test.reason)
			if len(store.asked) > 0 || len(s.Cookies) > 0 {
				t.Errorf("asked %+v, cookies %q", store.asked, s.Cookies)
			}
		})
	}
}

func TestASessionThatCannotBeRefreshedEndsInNoLoop(t *testing.T) {
	k, store := newRefreshing(t, liveKey)
	store.err = errors.New("no")
	s := k.auth.Authenticate(document(t, "/p", append(k.stale(), "__clerk_redirect_count=3")...))
	expect(t, s, SignedOut, expiredRefresh+"fetch-error")
	if !s.Loop || s.Location != "" {
		t.Errorf("%+v", s)
	}
}

func TestARefreshErrorSaysWhy(t *testing.T) {
	cause := errors.New("no route")
	err := error(&RefreshError{Reason: "a\nb", Err: cause})
	if got := err.Error(); got != "refreshing the session (unexpected-bapi-error): no route" || !errors.Is(err, cause) {
		t.Errorf("got %q", got)
	}
}
