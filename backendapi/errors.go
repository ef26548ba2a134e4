// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// CodeKeyInvalid is Clerk's code for a secret key that it does not accept.
const CodeKeyInvalid = "clerk_key_invalid"

var (
	// ErrUnreachable is a request that no answer came to, or not all of one: a
	// connection refused or cut, a time that ran out, the end of the caller's
	// context (which errors.Is finds, too), an answer that is too large.
	ErrUnreachable = errors.New("expected an answer")
	// ErrNotJSON is a success that is not JSON, or not of the form that the call
	// is documented to answer with. Something between here and Clerk may have
	// answered.
	ErrNotJSON = errors.New("expected JSON of the documented form")
	errNoList  = errors.New("expected a list")
	// ErrInactive is a token that Clerk knows, and knows to be dead.
	ErrInactive = errors.New("expected an active token")
)

// What errors.Is finds in an *Error, by its status.
var (
	// ErrNotFound is what Clerk does not know: HTTP status 404.
	ErrNotFound = errors.New("expected it to be known to Clerk")
	// ErrUnauthorized is a key that Clerk does not accept, or not for this: HTTP
	// status 401.
	ErrUnauthorized = errors.New("expected a key that Clerk accepts")
	// ErrRateLimited is one request too many: HTTP status 429.
	ErrRateLimited = errors.New("expected fewer requests")
)

// sentinels lists what the statuses are to errors.Is.
var sentinels = map[int]error{
	http.StatusNotFound:        ErrNotFound,
	http.StatusUnauthorized:    ErrUnauthorized,
	http.StatusTooManyRequests: ErrRateLimited,
}

// Unavailable tells whether err is Clerk's state rather than its answer: it
// could not be reached, fails (HTTP status 5xx) or is asked too much (429).
// Such an error says nothing about what was asked.
func Unavailable(err error) bool {
	if errors.Is(err, ErrUnreachable) {
		return true
	}
	answer, ok := errors.AsType[*Error](err)
	return ok && (answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests)
}

// unreachableError is an ErrUnreachable. Of its cause it says what is no
// secret, and does not give away the rest: HTTP clients quote what they cannot
// read of an answer, which may be what the server was sent.
type unreachableError struct {
	text  string
	cause error
}

func newUnreachable(r *request, cause error) error {
	unquoted, _, _ := strings.Cut(cause.Error(), `"`)
	return &unreachableError{
		text:  fmt.Sprintf("asking Clerk for %s: %v, got %.256q", r, ErrUnreachable, r.hidden.hider()(strings.TrimSpace(unquoted))),
		cause: cause,
	}
}

func (e *unreachableError) Error() string { return e.text }

func (e *unreachableError) Is(target error) bool {
	return target == ErrUnreachable || errors.Is(e.cause, target)
}

// Error is an answer of the API that is no success, or has no content where
// some was expected.
type Error struct {
	// StatusCode is the HTTP status.
	StatusCode int
	// Details are what Clerk says went wrong, possibly nothing.
	Details []Detail
	// TraceID identifies the request to Clerk's support: Clerk's own ID, or else
	// the one of the network before it (Cf-Ray).
	TraceID string
	// RetryAfter is how long Clerk asks to wait; zero when it did not say.
	RetryAfter time.Duration

	path string
}

// Is tells whether target stands for the status.
func (e *Error) Is(target error) bool { return target != nil && sentinels[e.StatusCode] == target }

// Detail is one thing that went wrong
// (https://clerk.com/docs/guides/development/errors/overview).
type Detail struct {
	Code        string `json:"code"`
	Message     string `json:"message"`
	LongMessage string `json:"long_message"`
	// ParamName is the parameter that is wrong, if one is.
	ParamName string `json:"-"`
}

// detail is a Detail as Clerk writes it. Its meta, which is not always of the
// same form, is read by itself, so that it costs no code or message.
type detail struct {
	Detail
	Meta json.RawMessage `json:"meta"`
}

func (d *detail) read(hide func(string) string) Detail {
	var meta struct {
		ParamName string `json:"param_name"`
	}
	_ = json.Unmarshal(d.Meta, &meta)
	return Detail{
		Code:        hide(d.Code),
		Message:     hide(d.Message),
		LongMessage: hide(d.LongMessage),
		ParamName:   hide(meta.ParamName),
	}
}

func (e *Error) Error() string {
	text := fmt.Sprintf("asking Clerk for %s: expected success with content, got HTTP status %d", e.path, e.StatusCode)
	if len(e.Details) > 0 {
		text += fmt.Sprintf(" (%.64q: %.256q)", e.Details[0].Code, e.Details[0].Message)
	}
	return text
}

// HasCode tells whether Clerk gave this code.
func (e *Error) HasCode(code string) bool {
	for _, detail := range e.Details {
		if detail.Code == code {
			return true
		}
	}
	return false
}

// maxDetails bounds the work on an answer that has more to say than Clerk does.
const maxDetails = 16

func newError(r *request, resp *http.Response, body []byte) *Error {
	e := &Error{StatusCode: resp.StatusCode, path: r.String()}
	var answer struct {
		Errors  []detail `json:"errors"`
		TraceID string   `json:"clerk_trace_id"`
	}
	hide := r.hidden.hider()
	// An answer that is not JSON, such as a proxy's page, leaves the status.
	if json.Unmarshal(body, &answer) == nil {
		e.TraceID = hide(answer.TraceID)
		for _, d := range answer.Errors[:min(len(answer.Errors), maxDetails)] {
			e.Details = append(e.Details, d.read(hide))
		}
	}
	if e.TraceID == "" {
		e.TraceID = hide(resp.Header.Get("Cf-Ray"))
	}
	e.RetryAfter = RetryAfter(resp.Header)
	return e
}

// longestRetryAfter is the longest time that an answer is believed to ask for.
const longestRetryAfter = time.Hour

// RetryAfter gives how long an answer asks to wait before the next request, an
// hour at most (RFC 9110, section 10.2.3); zero when it does not say. A moment
// is taken by the clock of who named it, if that is known.
func RetryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(longestRetryAfter/time.Second))) * time.Second //nolint:gosec // It is bounded.
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now := Date(h)
	if now.IsZero() {
		now = time.Now()
	}
	return min(max(0, until.Sub(now)), longestRetryAfter)
}

// Date gives the clock of who answered (RFC 9110, section 6.6.1), zero when it
// is not said. The date of what a cache kept tells nothing about now.
func Date(h http.Header) time.Time {
	if age := h.Get("Age"); age != "" && age != "0" {
		return time.Time{}
	}
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}
