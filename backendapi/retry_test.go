// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// script answers with one status after the other, and then with success.
type script struct {
	statuses   []int
	retryAfter string
	asked      []time.Time
}

func (s *script) Do(*http.Request) (*http.Response, error) {
	s.asked = append(s.asked, time.Now())
	status := http.StatusOK
	if len(s.asked) <= len(s.statuses) {
		status = s.statuses[len(s.asked)-1]
	}
	if status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	header := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}
	if s.retryAfter != "" && status != http.StatusOK {
		header.Set("Retry-After", s.retryAfter)
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(welcome))}, nil
}

func scripted(t *testing.T, s *script, o backendapi.Options) *backendapi.Client {
	t.Helper()
	// A limit is the process's, and each of these tests has a clock of its own.
	o.SecretKey, o.Doer, o.RequestLimit = secret, s, -1
	c, err := backendapi.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatClerkCouldNotAnswerIsAskedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		statuses   []int
		retryAfter string
		asked      int
		least      time.Duration // between the first and the last
		status     int           // of the error; 0 for none
	}{
		"a success":                 {nil, "", 1, 0, 0},
		"one failure":               {[]int{500}, "", 2, 125 * time.Millisecond, 0},
		"two failures":              {[]int{502, 504}, "", 3, 375 * time.Millisecond, 0},
		"too many failures":         {[]int{503, 503, 503, 503}, "", 3, 375 * time.Millisecond, 503},
		"connections that are cut":  {[]int{0, 0}, "", 3, 375 * time.Millisecond, 0},
		"a pause in seconds":        {[]int{429}, "7", 2, 7*time.Second + 125*time.Millisecond, 0},
		"a pause until then":        {[]int{429}, "Sat, 01 Jan 2000 00:00:09 GMT", 2, 9 * time.Second, 0},
		"a pause beyond the budget": {[]int{429}, "31", 1, 0, 429},
		"an answer":                 {[]int{404}, "", 1, 0, 404},
		"a refusal":                 {[]int{401}, "1", 1, 0, 401},
		"not implemented":           {[]int{501}, "", 1, 0, 501},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{statuses: test.statuses, retryAfter: test.retryAfter}
				_, err := scripted(t, s, backendapi.Options{}).JWKS.Get(t.Context())
				if len(s.asked) != test.asked {
					t.Fatalf("expected %d requests, got %d: %v", test.asked, len(s.asked), err)
				}
				if took := s.asked[len(s.asked)-1].Sub(s.asked[0]); took < test.least || took > test.least*2+time.Second {
					t.Errorf("expected about %s, got %s", test.least, took)
				}
				if test.status == 0 {
					if err != nil {
						t.Errorf("expected success, got %v", err)
					}
					return
				}
				wantError(t, err, test.status)
			})
		})
	}
}

func TestOnlyIdempotentCallsAreMadeAgain(t *testing.T) {
	for name, call := range calls {
		synctest.Test(t, func(t *testing.T) {
			s := &script{statuses: []int{503}}
			err := call(t.Context(), scripted(t, s, backendapi.Options{}))
			want := 1
			if name == "jwks" || name == "interstitial" {
				want = 2
			}
			if len(s.asked) != want || (err == nil) != (want == 2) {
				t.Errorf("%s: expected %d requests, got %d: %v", name, want, len(s.asked), err)
			}
		})
	}
}

func TestTheMethodTellsWhatIsIdempotent(t *testing.T) {
	type call = func(context.Context, *backendapi.UsersService) (*backendapi.User, error)
	for _, test := range []struct {
		method string
		asked  int
		call   call
	}{
		{"GET", 2, func(ctx context.Context, s *backendapi.UsersService) (*backendapi.User, error) {
			return s.Get(ctx, "user_1")
		}},
		{"DELETE", 2, func(ctx context.Context, s *backendapi.UsersService) (*backendapi.User, error) {
			return s.DeleteProfileImage(ctx, "user_1")
		}},
		{"PUT", 2, func(ctx context.Context, s *backendapi.UsersService) (*backendapi.User, error) {
			return s.ReplaceMetadata(ctx, "user_1", backendapi.ReplaceUserMetadataParams{})
		}},
		{"POST", 1, func(ctx context.Context, s *backendapi.UsersService) (*backendapi.User, error) {
			return s.Ban(ctx, "user_1")
		}},
		{"PATCH", 1, func(ctx context.Context, s *backendapi.UsersService) (*backendapi.User, error) {
			return s.Update(ctx, "user_1", backendapi.UpdateUserParams{})
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{statuses: []int{503}}
			if _, err := test.call(t.Context(), scripted(t, s, backendapi.Options{}).Users); len(s.asked) != test.asked {
				t.Errorf("%s: expected %d requests, got %d: %v", test.method, test.asked, len(s.asked), err)
			}
		})
	}
}

func TestNoPauseGoesPastTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		s := &script{statuses: []int{429}, retryAfter: "6"}
		_, err := scripted(t, s, backendapi.Options{}).JWKS.Get(ctx)
		wantError(t, err, 429)
		if !time.Now().Equal(began) {
			t.Errorf("expected no waiting in vain, got %s", time.Since(began))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel)
		s := &script{statuses: []int{429}, retryAfter: "6"}
		_, err := scripted(t, s, backendapi.Options{}).JWKS.Get(ctx)
		wantUnreachable(t, err)
		if !errors.Is(err, context.Canceled) || len(s.asked) != 1 {
			t.Errorf("expected the caller's end, got %v after %d requests", err, len(s.asked))
		}
	})
}

func TestNoRetriesCanBeAskedFor(t *testing.T) {
	for _, policy := range []backendapi.RetryPolicy{{}, {Attempts: 1, Budget: time.Hour}, {Attempts: 5}} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{statuses: []int{500}, retryAfter: "1"}
			_, err := scripted(t, s, backendapi.Options{Retry: &policy}).JWKS.Get(t.Context())
			if wantError(t, err, 500); len(s.asked) != 1 {
				t.Errorf("%+v: expected one request, got %d", policy, len(s.asked))
			}
		})
	}
}

func TestPausesDoubleUpToTheLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const attempts = 80 // more than a Duration can be doubled
		s := &script{}
		for range attempts {
			s.statuses = append(s.statuses, 500)
		}
		policy := backendapi.RetryPolicy{Attempts: attempts, Pause: time.Second, MaxPause: 8 * time.Second, Budget: time.Hour}
		_, err := scripted(t, s, backendapi.Options{Retry: &policy}).JWKS.Get(t.Context())
		wantError(t, err, 500)
		if len(s.asked) != attempts {
			t.Fatalf("expected %d requests, got %d", attempts, len(s.asked))
		}
		for i := 1; i < attempts; i++ {
			most := min(8*time.Second, time.Second<<min(i-1, 10))
			if pause := s.asked[i].Sub(s.asked[i-1]); pause < most/2 || pause > most {
				t.Errorf("pause %d: expected %s to %s, got %s", i, most/2, most, pause)
			}
		}
	})
}

func TestTooLargeAnAnswerIsNotAskedForAgain(t *testing.T) {
	asked := 0
	c, err := backendapi.New(backendapi.Options{SecretKey: secret, Doer: doerFunc(func(*http.Request) (*http.Response, error) {
		asked++
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(strings.Repeat(" ", 1<<20+1)))}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.JWKS.Get(t.Context()); asked != 1 {
		t.Errorf("expected one request, got %d: %v", asked, err)
	}
}

func TestErrorsAreFoundByTheirStatus(t *testing.T) {
	all := map[int]error{404: backendapi.ErrNotFound, 401: backendapi.ErrUnauthorized, 429: backendapi.ErrRateLimited}
	for _, status := range []int{400, 401, 403, 404, 422, 429, 500} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			_, err := client(t, serve(t, answer(status, "")).URL).JWKS.Get(t.Context())
			for other, sentinel := range all {
				if got := errors.Is(err, sentinel); got != (other == status) {
					t.Errorf("%v: got %t", sentinel, got)
				}
			}
			if errors.Is(err, nil) {
				t.Error("expected an error not to be nil")
			}
		})
	}
}

func TestTheParameterAndTheTraceOfAnErrorAreRead(t *testing.T) {
	const body = `{"errors":[{"code":"form_param_invalid","message":"is invalid","meta":{"param_name":"email_address"}},
		{"code":"other","meta":[7]},{"code":"third","meta":{"param_name":5}}]}`
	_, err := client(t, serve(t, answer(422, body, "Cf-Ray", "8f00ba-FRA")).URL).JWKS.Get(t.Context())
	got := wantError(t, err, 422)
	if got.Details[0].ParamName != "email_address" || got.TraceID != "8f00ba-FRA" {
		t.Errorf("expected parameter and trace, got %+v", got)
	}
	if !got.HasCode("other") || !got.HasCode("third") {
		t.Errorf("expected no code to be lost to its meta, got %+v", got.Details)
	}
}
