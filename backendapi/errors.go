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
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	return e
}
