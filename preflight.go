// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"fmt"
	"net/http"
)

// The values of Preflight.
const (
	preflightPass  = "pass"
	preflightCheck = "check"
)

func checkPreflight(value string) error {
	switch value {
	case "", preflightPass, preflightCheck:
		return nil
	}
	return fmt.Errorf("preflight: expected pass or check, got %q", value)
}

// isPreflight tells whether a browser asks what a script may do
// (https://fetch.spec.whatwg.org/#cors-preflight-request). It does so without
// credentials, and the answer tells it about the request to come only.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}
