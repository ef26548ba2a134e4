// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// What a request may hold. A session token and a page's address are the longest
// things that belong here; both stay below eight kilobytes. A body can hold the
// headers of another request.
const (
	maxBody  = 128 << 10
	maxQuery = 32 << 10
	maxValue = 8 << 10
)

// readQuery refuses what url.ParseQuery would silently drop.
func readQuery(r *http.Request) (url.Values, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, fmt.Errorf("query: expected at most %d bytes, got %d", maxQuery, len(r.URL.RawQuery))
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("query: expected form encoding, got something else")
	}
	return values, checkLengths(values)
}

// readForm reads the body alone: a form's values do not come from the address.
func readForm(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		return nil, fmt.Errorf("form: expected at most %d bytes of form encoding", maxBody)
	}
	return r.PostForm, checkLengths(r.PostForm)
}

var errJSON = fmt.Errorf("body: expected at most %d bytes of JSON with the documented members and no others", maxBody)

// readJSON is strict, so that a client's mistakes come to light.
func readJSON(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return errJSON
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errJSON
	}
	return nil
}

// checkLengths names the setting but never repeats a value: some are tokens.
func checkLengths(values url.Values) error {
	for name, list := range values {
		for _, value := range list {
			if len(name) > maxValue || len(value) > maxValue {
				return fmt.Errorf("expected values of at most %d bytes, got %d", maxValue, max(len(name), len(value)))
			}
		}
	}
	return nil
}

// sameOrigin refuses a form that another site made the browser send. The pages
// need no token in their forms for it, and neither does an application's own
// sign-out button on the same origin.
func (e *Emulator) sameOrigin(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if isCrossOrigin(r, e.seenFrom(r)) {
			e.showError(w, r, http.StatusForbidden, "This form was sent from another site, so nothing was done.")
			return
		}
		next(w, r)
	}
}
