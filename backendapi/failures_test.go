// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

const invalidKey = `{"errors":[{"message":"The provided Clerk Secret Key is invalid.","long_message":"Make sure it is correct.","code":"clerk_key_invalid"},
	{"code":"second"}],"clerk_trace_id":"trace_1"}`

func TestClerksErrorsAreRead(t *testing.T) {
	server := serve(t, answer(401, invalidKey, "Retry-After", "30"))
	eachCallFails(t, server.URL, func(t *testing.T, err error) {
		got := wantError(t, err, 401)
		if !got.HasCode(backendapi.CodeKeyInvalid) || !got.HasCode("second") || got.HasCode("third") || got.HasCode("") {
			t.Errorf("expected both codes, got %+v", got.Details)
		}
		if got.TraceID != "trace_1" || got.RetryAfter != 30*time.Second {
			t.Errorf("expected trace and pause, got %q and %s", got.TraceID, got.RetryAfter)
		}
		if got.Details[0].LongMessage != "Make sure it is correct." {
			t.Errorf("expected the long message, got %+v", got.Details[0])
		}
		if !strings.Contains(err.Error(), "401") || !strings.Contains(err.Error(), "clerk_key_invalid") {
			t.Errorf("expected status and code in the text, got %v", err)
		}
	})
}

// What stands between here and Clerk answers in forms of its own.
func TestAnswersThatAreNotClerksLeaveTheStatus(t *testing.T) {
	for name, body := range map[string]string{
		"HTML": "<html><body>" + strings.Repeat("502 ", 10_000) + "</body></html>", "nothing": "", "null": "null",
		"a list": "[]", "no errors": "{}", "null errors": `{"errors":null}`, "a string": `{"errors":"no"}`,
		"errors of another form": `{"errors":[5]}`, "cut": invalidKey[:60], "binary": "\x00\xff",
	} {
		t.Run(name, func(t *testing.T) {
			eachCallFails(t, serve(t, answer(502, body)).URL, func(t *testing.T, err error) {
				if got := wantError(t, err, 502); len(got.Details) > 1 || got.HasCode(backendapi.CodeKeyInvalid) || got.RetryAfter != 0 {
					t.Errorf("expected the status alone, got %+v", got)
				}
			})
		})
	}
}

func TestEveryStatusButSuccessIsAnError(t *testing.T) {
	for _, status := range []int{204, 300, 301, 302, 304, 307, 400, 401, 403, 404, 408, 422, 429, 500, 503, 599} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			eachCallFails(t, serve(t, answer(status, "")).URL, func(t *testing.T, err error) { wantError(t, err, status) })
		})
	}
}

func TestRetryAfterIsBounded(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1": time.Second, "3600": time.Hour, "3601": time.Hour, "9223372036854775807": time.Hour,
		"0": 0, "-5": 0, "soon": 0, "1.5": 0, "99999999999999999999": 0, "": 0, "Sun, 01 Mar 2026 12:00:00 GMT": 0,
	} {
		server := serve(t, answer(429, "", "Retry-After", text))
		_, err := client(t, server.URL).JWKS.Get(t.Context())
		if got := wantError(t, err, 429).RetryAfter; got != want {
			t.Errorf("%q: expected %s, got %s", text, want, got)
		}
	}
}

func TestRetryAfterMayBeADate(t *testing.T) {
	for _, test := range []struct{ in, least, most time.Duration }{
		{10 * time.Minute, 9 * time.Minute, 10 * time.Minute},
		{1000 * time.Hour, time.Hour, time.Hour},
		{-time.Minute, 0, 0},
	} {
		h := http.Header{"Retry-After": {time.Now().Add(test.in).UTC().Format(http.TimeFormat)}}
		if got := backendapi.RetryAfter(h); got < test.least || got > test.most {
			t.Errorf("%s: expected %s to %s, got %s", test.in, test.least, test.most, got)
		}
	}
	// Whose clock is off does not matter: it is theirs that counts.
	h := http.Header{"Date": {"Sun, 01 Mar 2026 12:00:00 GMT"}, "Retry-After": {"Sun, 01 Mar 2026 12:00:30 GMT"}}
	if got := backendapi.RetryAfter(h); got != 30*time.Second {
		t.Errorf("expected the pause by the server's own clock, 30 s, got %s", got)
	}
}

func TestTheDateOfWhatACacheKeptIsNone(t *testing.T) {
	const date = "Sun, 01 Mar 2026 12:00:00 GMT"
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		date, age string
		want      time.Time
	}{
		{date, "", noon}, {date, "0", noon}, {date, "120", time.Time{}}, {"", "", time.Time{}}, {"noon", "", time.Time{}},
	} {
		if got := backendapi.Date(http.Header{"Date": {test.date}, "Age": {test.age}}); !got.Equal(test.want) {
			t.Errorf("%q, %q: expected %s, got %s", test.date, test.age, test.want, got)
		}
	}
}

// An API, or a proxy before it, may repeat in its answer what it was sent.
func TestAnAnswerThatRepeatsTheRequestRevealsNothing(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		said := "no " + r.Header.Get("Authorization") + " may ask for " + r.URL.Query().Get("nonce") + r.URL.RawQuery +
			string(body) + strings.Join(values(body), " ")
		echo, _ := json.Marshal(said)
		w.WriteHeader(400)
		_, _ = fmt.Fprintf(w, `{"errors":[{"code":%[1]s,"message":%[1]s,"long_message":%[1]s}],"clerk_trace_id":%[1]s}`, echo)
	})
	eachCallFails(t, server.URL, func(t *testing.T, err error) {
		got := wantError(t, err, 400)
		for _, text := range []string{got.TraceID, got.Details[0].Code, got.Details[0].Message, got.Details[0].LongMessage} {
			if !strings.Contains(text, "[hidden]") || strings.Contains(text, "do_not_print_me") {
				t.Errorf("expected the secrets to be hidden, got %s", text)
			}
		}
	})
}

// values gives every string in a JSON document, decoded, and the cookies.
func values(body []byte) (found []string) {
	for _, text := range regexp.MustCompile(`"(\\.|[^"\\])*"`).FindAllString(string(body), -1) {
		var value string
		_ = json.Unmarshal([]byte(text), &value)
		found = append(found, value)
		for pair := range strings.SplitSeq(value, "; ") {
			_, cookie, _ := strings.Cut(pair, "=")
			found = append(found, cookie)
		}
	}
	return found
}

// Go's HTTP client quotes the answers that it cannot read.
func TestAnAnswerThatIsNoHTTPRevealsNothing(t *testing.T) {
	for _, form := range []string{"%s\r\n\r\n", "HTTP/1.1 %s\r\n\r\n", "HTTP/1.1 200 OK\r\n%s\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n"} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = fmt.Fprintf(conn, form, r.Header.Get("Authorization")+string(body))
		})
		eachCallFails(t, server.URL, wantUnreachable)
	}
}

// A client must not be able to save the secret key from being hidden by sending
// what surrounds the key, and so be what is found first.
func TestASecretThatOverlapsTheKeyDoesNotTearItApart(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(400)
		_, _ = fmt.Fprintf(w, `{"errors":[{"message":"no %s"}]}`, r.Header.Get("Authorization"))
	})
	for _, sent := range []string{"no Bearer sk_test_", "Bearer sk_t", "sk_test_", "sk_test_do", "t_me_"} {
		_, err := client(t, server.URL).APIKeys.Verify(t.Context(), sent)
		checkText(t, err)
		if strings.Contains(err.Error(), "print") {
			t.Errorf("%q: expected all of the key to be hidden, got %v", sent, err)
		}
	}
}

func TestWhatIsTooShortForASecretDoesNotGarbleCodes(t *testing.T) {
	server := serve(t, answer(401, `{"errors":[{"code":"session_not_found","message":"No session."}]}`))
	for _, sent := range []string{"", "e", "_", "session"} {
		_, err := client(t, server.URL).Sessions.Refresh(t.Context(), "sess_1", backendapi.RefreshSessionParams{
			ExpiredToken: sent, RefreshToken: sent, RequestHeaders: map[string][]string{sent: {sent}, "Cookie": {"a=" + sent}},
		})
		if !wantError(t, err, 401).HasCode("session_not_found") {
			t.Errorf("%q: expected the code as it came, got %v", sent, err)
		}
	}
}

func TestOnlyTheFirstDetailsAreKept(t *testing.T) {
	server := serve(t, answer(400, `{"errors":[`+strings.Repeat(`{"code":"a"},`, 10_000)+`{"code":"b"}]}`))
	eachCallFails(t, server.URL, func(t *testing.T, err error) {
		if got := wantError(t, err, 400); len(got.Details) != 16 {
			t.Errorf("expected 16 details, got %d", len(got.Details))
		}
	})
}

// wantUnreachable expects a request that Clerk did not answer.
func wantUnreachable(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, backendapi.ErrUnreachable) || errors.Is(err, backendapi.ErrNotJSON) || !backendapi.Unavailable(err) {
		t.Errorf("expected no answer, got %v", err)
	}
	if _, ok := errors.AsType[*backendapi.Error](err); ok {
		t.Errorf("expected no answer, got %v", err)
	}
}

// What cannot be read says nothing about what was asked, but somebody said it.
func TestASuccessOfAnotherFormIsNotJSON(t *testing.T) {
	for name, call := range calls {
		if name == "jwks" || name == "interstitial" {
			continue // The key set is handed on as it came.
		}
		for _, body := range []string{
			"", "<html>", "{", `{"id"`, "[]", "5", `"x"`, "\x00", welcome + "x", "null5", "null", " null\n",
			strings.Repeat("[", 100_000), strings.Repeat("7", 100_000), `{"cookies":` + strings.Repeat("7", 400) + `,"scopes":` + strings.Repeat("7", 400) +
				`,"directives":` + strings.Repeat("7", 400) + `,"status":` + strings.Repeat("7", 400) + "}",
		} {
			t.Run(fmt.Sprintf("%s, %.20q", name, body), func(t *testing.T) {
				err := call(t.Context(), client(t, serve(t, answer(200, body)).URL))
				checkText(t, err)
				if !errors.Is(err, backendapi.ErrNotJSON) || errors.Is(err, backendapi.ErrUnreachable) || backendapi.Unavailable(err) {
					t.Errorf("expected another form, got %v", err)
				}
			})
		}
	}
}

// The decoder repeats a number that no variable can hold.
func TestANumberThatIsASecretIsNotRepeated(t *testing.T) {
	digits := strings.Repeat("31415926", 50)
	server := serve(t, answer(200, `{"expiration":`+digits+`}`))
	_, err := client(t, server.URL).APIKeys.Verify(t.Context(), digits)
	checkText(t, err)
	if strings.Contains(err.Error(), digits[:16]) {
		t.Errorf("expected an error without the token, got %v", err)
	}
}

func TestUnavailableIsTheStateOfClerk(t *testing.T) {
	for status, want := range map[int]bool{
		204: false, 302: false, 400: false, 401: false, 403: false, 404: false, 422: false, 429: true, 500: true, 502: true, 503: true, 599: true,
	} {
		eachCallFails(t, serve(t, answer(status, "")).URL, func(t *testing.T, err error) {
			if got := backendapi.Unavailable(fmt.Errorf("wrapped: %w", err)); got != want {
				t.Errorf("%d: expected %t, got %t", status, want, got)
			}
		})
	}
	for _, err := range []error{nil, errors.New("other"), backendapi.ErrInactive, backendapi.ErrNotJSON, context.Canceled} {
		if backendapi.Unavailable(err) {
			t.Errorf("%v: expected no state of Clerk's", err)
		}
	}
}

// A request is bounded by itself, whatever its caller lets through.
func TestATokenTooLargeToBeOneIsNotSent(t *testing.T) {
	var asked atomic.Int64
	server := serve(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	c, large := client(t, server.URL), strings.Repeat("do_not_print_me", 10_000)
	for name, call := range map[string]func() error{
		"api key": func() error { _, err := c.APIKeys.Verify(t.Context(), large); return err },
		"m2m":     func() error { _, err := c.M2MTokens.Verify(t.Context(), large); return err },
		"oauth":   func() error { _, err := c.OAuthAccessTokens.Verify(t.Context(), large); return err },
		"refresh token": func() error {
			_, err := c.Sessions.Refresh(t.Context(), "sess_1", backendapi.RefreshSessionParams{RefreshToken: large})
			return err
		},
	} {
		err := call()
		checkText(t, err)
		if asked.Load() != 0 || backendapi.Unavailable(err) {
			t.Errorf("%s: expected it to be refused here, got %v", name, err)
		}
	}
}

func TestLongAndOddMessagesAreCutAndQuoted(t *testing.T) {
	const odd = `x\r\nlevel=info\u001b[2J`
	body := `{"errors":[{"code":"` + strings.Repeat(odd, 1000) + `","message":"` + strings.Repeat(odd, 1000) + `"}]}`
	eachCallFails(t, serve(t, answer(400, body)).URL, nil)
}

// An endless answer must not fill the memory.
func TestAnAnswerBeyondAMegabyteIsRefused(t *testing.T) {
	for _, status := range []int{200, 500} {
		server := serve(t, answer(status, strings.Repeat(" ", 1<<20)+"{"))
		eachCallFails(t, server.URL, func(t *testing.T, err error) {
			wantUnreachable(t, err)
			if !strings.Contains(err.Error(), "at most 1048576 bytes") {
				t.Errorf("expected the size to be the error, got %v", err)
			}
		})
	}
	server := serve(t, answer(200, "{}"+strings.Repeat(" ", 1<<20-2)))
	if set, err := client(t, server.URL).JWKS.Get(t.Context()); err != nil || len(set.Body) != 1<<20 {
		t.Errorf("expected a megabyte to be read, got %v", err)
	}
}

// Were a redirect followed, whoever can answer once for the API, or holds an
// open redirect of its, would be sent the secret key.
func TestARedirectIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var reached atomic.Int64
		elsewhere := serve(t, func(_ http.ResponseWriter, r *http.Request) { reached.Add(1) })
		for name, location := range map[string]string{
			"another host": elsewhere.URL + "/v1/jwks", "the same host": "/elsewhere", "without a scheme": strings.TrimPrefix(elsewhere.URL, "http:"),
			"a port that is none": "http://x:y", "nowhere": "",
		} {
			t.Run(strconv.Itoa(status)+" to "+name, func(t *testing.T) {
				var asked atomic.Int64
				server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					asked.Add(1)
					w.Header().Set("Location", location)
					w.WriteHeader(status)
				})
				for _, call := range calls {
					before := asked.Load()
					checkText(t, call(t.Context(), client(t, server.URL)))
					if asked.Load() != before+1 {
						t.Errorf("expected one request, got %d", asked.Load()-before)
					}
				}
			})
		}
		if reached.Load() != 0 {
			t.Errorf("expected nobody else to be asked, got %d requests", reached.Load())
		}
	}
}

func TestAConnectionThatIsCutIsAnError(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"before the answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"within the body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"keys":[`))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"within a chunk": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{}`))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachCallFails(t, serve(t, handler).URL, wantUnreachable)
		})
	}
}

func TestNobodyListeningIsAnError(t *testing.T) {
	server := serve(t, answer(200, "{}"))
	server.Close()
	eachCallFails(t, server.URL, wantUnreachable)
}

func TestACallEndsWithItsContext(t *testing.T) {
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // Only then does the server see the client go.
				cancel()
				<-r.Context().Done()
			})
			err := call(ctx, client(t, server.URL))
			checkText(t, err)
			wantUnreachable(t, err)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("expected the caller's end, got %v", err)
			}
		})
	}
}

// A key file often ends with a line break, which no header may hold: the
// error must not repeat what it could not send.
func TestASecretKeyThatNoHeaderCanHoldIsNotPrinted(t *testing.T) {
	server := serve(t, answer(200, "{}"))
	c, err := backendapi.New(backendapi.Options{SecretKey: secret + "\n", APIURL: server.URL})
	if err == nil {
		_, err = c.JWKS.Get(t.Context())
	}
	checkText(t, err)
}

func TestReadBodyHandsOnTheReadersError(t *testing.T) {
	if _, err := backendapi.ReadBody(io.MultiReader(strings.NewReader("x"), brokenReader{})); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("expected the reader's error, got %v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A caller's own HTTP client must not send the key elsewhere either.
func TestAClientOfTheCallersFollowsNoRedirectEither(t *testing.T) {
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("expected nobody else to be asked") })
	server := serve(t, answer(307, "", "Location", elsewhere.URL))
	for name, doer := range map[string]*http.Client{
		"that follows":      {},
		"that says it does": {CheckRedirect: func(*http.Request, []*http.Request) error { return nil }},
	} {
		c, err := backendapi.New(backendapi.Options{SecretKey: secret, APIURL: server.URL, Doer: doer})
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range calls {
			err := call(t.Context(), c)
			checkText(t, err)
			wantError(t, err, 307)
		}
		if name == "that follows" && doer.CheckRedirect != nil {
			t.Error("expected the caller's client to stay as it is")
		}
	}
}
