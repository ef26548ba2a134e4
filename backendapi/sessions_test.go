// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

func TestRefreshGivesTheCookies(t *testing.T) {
	for body, want := range map[string][]string{
		`{"object":"cookies","cookies":["__session=a; Path=/","b=c"]}`: {"__session=a; Path=/", "b=c"},
		`{"cookies":[""]}`:               {""},
		`{"cookies":[]}`:                 nil,
		`{"cookies":null}`:               nil,
		`{"object":"token","jwt":"a.b"}`: nil,
	} {
		got, err := client(t, serve(t, answer(200, body)).URL).Sessions.Refresh(t.Context(), "sess_1", refresh)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: expected %q, got %q, %v", body, want, got, err)
		}
	}
}

func TestCookiesOfAnotherFormAreRefused(t *testing.T) {
	for _, cookies := range []string{`"a=b"`, `[1]`, `[null]`, `["a=b",null]`, `[["a=b"]]`, `[{}]`, `{}`, `true`} {
		server := serve(t, answer(200, `{"cookies":`+cookies+`}`))
		got, err := client(t, server.URL).Sessions.Refresh(t.Context(), "sess_1", refresh)
		if got != nil {
			t.Errorf("%s: expected no cookies, got %q", cookies, got)
		}
		checkText(t, err)
	}
}

// The ID is what an expired token says, and becomes a part of the path.
func TestAnIDThatIsNoSessionsIsNotAskedFor(t *testing.T) {
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("expected no request, got %s", r.RequestURI) })
	for _, id := range []string{
		"", ".", "..", "../users", "a/b", "/a", "a/", "sess_1?x", "sess_1#x", "%2e%2e", "sess%2F1", "sess_1\r\nX: y", "sess_1\x00", "\t",
		"sess 1", `..\users`, "sess_1;x", "sess_ü", "\xff", strings.Repeat("a", 129),
	} {
		_, refreshed := client(t, server.URL).Sessions.Refresh(t.Context(), id, refresh)
		revoked := client(t, server.URL).Sessions.End(t.Context(), id)
		for _, err := range []error{refreshed, revoked} {
			checkText(t, err)
			if backendapi.Unavailable(err) {
				t.Errorf("%q: expected it to be refused here, got %v", id, err)
			}
		}
	}
}

func TestRevokeNamesTheSessionAndSendsNothingElse(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.RequestURI != "/v1/sessions/sess_1/revoke" || r.ContentLength != 0 {
			t.Errorf("got %s %s with %d bytes", r.Method, r.RequestURI, r.ContentLength)
		}
		_, _ = w.Write([]byte(`{"object":"session","id":"sess_1","status":"revoked"}`))
	})
	if err := client(t, server.URL).Sessions.End(t.Context(), "sess_1"); err != nil {
		t.Error(err)
	}
}

func TestASessionThatGoesOnWasNotRevoked(t *testing.T) {
	server := serve(t, answer(200, `{"object":"session","id":"sess_1","status":"active"}`))
	checkText(t, client(t, server.URL).Sessions.End(t.Context(), "sess_1"))
}

func TestSessionIDsAreAskedFor(t *testing.T) {
	for _, id := range []string{"sess_1", "sess_2xhFjEI5X2qWRvtV13BzSj8H6Dk", "A-z", strings.Repeat("a", 128)} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.RequestURI != "/v1/sessions/"+id+"/refresh" {
				t.Errorf("got %s", r.RequestURI)
			}
			_, _ = w.Write([]byte(welcome))
		})
		if _, err := client(t, server.URL).Sessions.Refresh(t.Context(), id, refresh); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestRefreshSaysWhatItWasTold(t *testing.T) {
	for name, test := range map[string]struct {
		params backendapi.RefreshSessionParams
		query  string
		fields map[string]any // that are not always there
	}{
		"nothing more":  {backendapi.RefreshSessionParams{}, "", map[string]any{}},
		"suffixed":      {backendapi.RefreshSessionParams{SuffixedCookies: true}, "suffixed_cookies=true", map[string]any{}},
		"an address":    {backendapi.RefreshSessionParams{RequestOriginatingIP: "::1"}, "", map[string]any{"request_originating_ip": "::1"}},
		"empty headers": {backendapi.RefreshSessionParams{RequestHeaders: map[string][]string{}}, "", map[string]any{}},
		"headers": {
			backendapi.RefreshSessionParams{RequestHeaders: map[string][]string{"accept": {"a", "b"}}},
			"",
			map[string]any{"request_headers": map[string]any{"accept": []any{"a", "b"}}},
		},
		"too many headers":            {backendapi.RefreshSessionParams{RequestHeaders: headers(65_537 - len(`{"a":[""]}`))}, "", map[string]any{}},
		"headers that grow when sent": {backendapi.RefreshSessionParams{RequestHeaders: map[string][]string{"a": {strings.Repeat("<", 11_000)}}}, "", map[string]any{}},
		"as many headers as may be": {
			backendapi.RefreshSessionParams{RequestHeaders: headers(65_536 - len(`{"a":[""]}`))},
			"",
			map[string]any{"request_headers": map[string]any{"a": []any{strings.Repeat("x", 65_536-len(`{"a":[""]}`))}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery != test.query {
					t.Errorf("expected the query %q, got %q", test.query, r.URL.RawQuery)
				}
				got := map[string]any{}
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
					t.Error(err)
				}
				for _, always := range []string{"format", "expired_token", "refresh_token", "request_origin"} {
					if _, ok := got[always].(string); !ok {
						t.Errorf("expected %s, got %v", always, got[always])
					}
					delete(got, always)
				}
				if !reflect.DeepEqual(got, test.fields) {
					t.Errorf("expected %.200v, got %.200v", test.fields, got)
				}
				_, _ = w.Write([]byte(welcome))
			})
			if _, err := client(t, server.URL).Sessions.Refresh(t.Context(), "sess_1", test.params); err != nil {
				t.Error(err)
			}
		})
	}
}

func headers(size int) map[string][]string {
	return map[string][]string{"a": {strings.Repeat("x", size)}}
}

// A caller must tell apart the four ways that a refresh can fail.
func TestHowARefreshFailedCanBeTold(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"cut":                  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "unreachable"},
		"a page":               {answer(200, "<html>"), "not JSON"},
		"an empty page":        {answer(200, ""), "not JSON"},
		"no content":           {answer(204, ""), "said nothing"},
		"a page, an error":     {answer(502, "<html>"), "said nothing"},
		"an error, a list":     {answer(400, "[]"), "said nothing"},
		"an empty list":        {answer(400, `{"errors":[]}`), "said nothing"},
		"no list":              {answer(401, `{"errors":null}`), "said nothing"},
		"a code":               {answer(401, `{"errors":[{"code":"expired_refresh"}]}`), "expired_refresh"},
		"codes":                {answer(500, `{"errors":[{"code":"first"},{"code":"second"}]}`), "first"},
		"a redirect to a page": {answer(302, "<html>", "Location", "/"), "said nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client(t, serve(t, test.handler).URL).Sessions.Refresh(t.Context(), "sess_1", refresh)
			checkText(t, err)
			if got := outcome(err); got != test.want {
				t.Errorf("expected %s, got %s: %v", test.want, got, err)
			}
		})
	}
}

func outcome(err error) string {
	answer, ok := errors.AsType[*backendapi.Error](err)
	switch {
	case errors.Is(err, backendapi.ErrUnreachable):
		return "unreachable"
	case errors.Is(err, backendapi.ErrNotJSON):
		return "not JSON"
	case ok && len(answer.Details) == 0:
		return "said nothing"
	case ok:
		return answer.Details[0].Code
	default:
		return "other"
	}
}
