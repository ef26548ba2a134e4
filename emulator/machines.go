// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"net/http"
	"strings"
	"time"
)

const (
	// demoMachine is the one machine that the instance has tokens of, and
	// demoClient the one OAuth application.
	demoMachine = "mch_demo"
	demoClient  = "client_demo"
	// m2mCategory is the class of token that an M2M token's header names in "cat".
	m2mCategory = "cl_B7d4PD333AAA"

	machineLifetime = time.Hour
)

// machineKind is a type of token that is made for machines.
type machineKind struct {
	prefix string
	// parameter is the member of a body that holds a token to verify.
	parameter string
	// object and more are what the Backend API says of each token of the kind,
	// and timestamp is how it writes the time.
	object    string
	more      map[string]any
	timestamp func(time.Time) int64
	scopes    []string
	// header and claims are those of a JWT beside the usual ones, and scopeClaim
	// is the one that holds the scopes.
	header, claims map[string]any
	scopeClaim     string
}

var (
	apiKeys = &machineKind{
		prefix:    "ak_",
		parameter: "secret",
		object:    "api_key",
		more: map[string]any{
			"type": "api_key", "name": "Demo key", "description": nil, "claims": nil, "created_by": nil, "last_used_at": nil,
		},
		timestamp: time.Time.UnixMilli,
		scopes:    []string{"read", "write"},
	}
	m2mTokens = &machineKind{
		prefix:     "mt_",
		parameter:  "token",
		object:     "machine_to_machine_token",
		more:       map[string]any{"claims": nil, "last_used_at": nil},
		timestamp:  time.Time.UnixMilli,
		scopes:     []string{"mch_service"},
		header:     map[string]any{"cat": m2mCategory},
		scopeClaim: "scopes",
	}
	oauthTokens = &machineKind{
		prefix:     "oat_",
		parameter:  "access_token",
		object:     "clerk_idp_oauth_access_token",
		more:       map[string]any{"client_id": demoClient},
		timestamp:  time.Time.Unix, // Of the three, this one counts seconds.
		scopes:     []string{"profile", "email"},
		header:     map[string]any{"typ": "at+jwt"},
		claims:     map[string]any{"client_id": demoClient},
		scopeClaim: "scope",
	}
)

// newMachineID names a token without telling it, in the form that Clerk documents.
func newMachineID(kind *machineKind) string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // It never fails.
	return kind.prefix + hex.EncodeToString(random[:])
}

// machineJWT makes a token that the instance keeps no record of.
func (e *Emulator) machineJWT(kind *machineKind, subject string) (string, error) {
	issued := e.now().Unix()
	claims := map[string]any{
		"iss": e.Issuer(),
		"sub": subject,
		"jti": newMachineID(kind),
		"iat": issued,
		"nbf": issued - 10,
		"exp": issued + int64(machineLifetime/time.Second),
	}
	claims[kind.scopeClaim] = strings.Join(kind.scopes, " ")
	maps.Copy(claims, kind.claims)
	return e.Sign(kind.header, claims)
}

// verifyMachine tells an application whom an opaque token was made for.
func (e *Emulator) verifyMachine(kind *machineKind) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var asked map[string]string
		if err := readJSON(r, &asked); err != nil {
			writeAPIError(w, http.StatusBadRequest, "request_body_invalid", err.Error())
			return
		}
		secret := asked[kind.parameter]
		if secret == "" || len(asked) != 1 {
			writeAPIError(w, http.StatusBadRequest, "request_body_invalid", "body: expected "+kind.parameter+" and no other member")
			return
		}
		token, found := e.machines.find(kind, secret, e.now())
		if !found {
			writeAPIError(w, http.StatusNotFound, "resource_not_found", "the token is unknown or too old")
			return
		}
		writeJSON(w, http.StatusOK, token.describe())
	}
}
