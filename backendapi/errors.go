// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// CodeKeyInvalid is Clerk's code for a secret key that it does not accept.
const CodeKeyInvalid = "clerk_key_invalid"

// Error is an answer of the API that is no success.
type Error struct {
	// StatusCode is the HTTP status.
	StatusCode int
	// Details are what Clerk says went wrong, possibly nothing.
	Details []Detail
	// TraceID identifies the request to Clerk's support.
	TraceID string
	// RetryAfter is how long Clerk asks to wait; zero when it did not say.
	RetryAfter time.Duration

	path string
}

// Detail is one thing that went wrong
// (https://clerk.com/docs/guides/development/errors/overview).
type Detail struct {
	Code        string `json:"code"`
	Message     string `json:"message"`
	LongMessage string `json:"long_message"`
}

func (e *Error) Error() string {
	text := fmt.Sprintf("asking Clerk for %s: expected success, got HTTP status %d", e.path, e.StatusCode)
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

func newError(path string, resp *http.Response, body []byte, hider *strings.Replacer) *Error {
	e := &Error{StatusCode: resp.StatusCode, path: path}
	var answer struct {
		Errors  []Detail `json:"errors"`
		TraceID string   `json:"clerk_trace_id"`
	}
	// An answer that is not JSON, such as a proxy's page, leaves the status.
	if json.Unmarshal(body, &answer) == nil {
		e.Details, e.TraceID = answer.Errors, hider.Replace(answer.TraceID)
		for i, detail := range e.Details {
			e.Details[i] = Detail{
				Code:        hider.Replace(detail.Code),
				Message:     hider.Replace(detail.Message),
				LongMessage: hider.Replace(detail.LongMessage),
			}
		}
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
