// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
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
	for _, status := range []int{300, 301, 302, 304, 307, 400, 401, 403, 404, 408, 422, 429, 500, 503, 599} {
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
		w.WriteHeader(400)
		echo := strconv.Quote("no " + r.Header.Get("Authorization") + " may ask for " + r.URL.Query().Get("nonce") + r.URL.RawQuery)
		_, _ = io.WriteString(w, `{"errors":[{"code":`+echo+`,"message":`+echo+`,"long_message":`+echo+`}]}`)
	})
	eachCallFails(t, server.URL, func(t *testing.T, err error) {
		for _, detail := range wantError(t, err, 400).Details {
			if strings.Contains(detail.Code+detail.Message+detail.LongMessage, secret) {
				t.Errorf("the details contain the secret key: %+v", detail)
			}
		}
	})
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
			var refusal *backendapi.Error
			if errors.As(err, &refusal) {
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
			eachCallFails(t, serve(t, handler).URL, nil)
		})
	}
}

func TestNobodyListeningIsAnError(t *testing.T) {
	server := serve(t, answer(200, "{}"))
	server.Close()
	eachCallFails(t, server.URL, nil)
}

func TestACallEndsWithItsContext(t *testing.T) {
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				cancel()
				<-r.Context().Done()
			})
			err := call(ctx, client(t, server.URL))
			checkText(t, err)
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
