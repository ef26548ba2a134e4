// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// The types of tokens, in the words of Clerk's acceptsToken option.
const (
	typeSession = "session_token"
	typeAPIKey  = "api_key"
	typeM2M     = "m2m_token"
	typeOAuth   = "oauth_token"
)

const formatJWT = "jwt"

// tokenForm is which token the address asks for. The usual format has no name:
// a session token is always a JWT, and a machine's says nothing by itself.
type tokenForm struct{ tokenType, format string }

var tokenMakers = map[tokenForm]func(e *Emulator, p person, azp string) (string, error){
	{typeSession, ""}: func(e *Emulator, p person, azp string) (string, error) {
		return e.Token(p.ID, azp)
	},
	{typeAPIKey, ""}: func(e *Emulator, p person, _ string) (string, error) {
		return e.machines.newToken(apiKeys, p.ID, e.now()), nil
	},
	{typeM2M, ""}: func(e *Emulator, _ person, _ string) (string, error) {
		return e.machines.newToken(m2mTokens, demoMachine, e.now()), nil
	},
	{typeM2M, formatJWT}: func(e *Emulator, _ person, _ string) (string, error) {
		return e.machineJWT(m2mTokens, demoMachine)
	},
	{typeOAuth, ""}: func(e *Emulator, p person, _ string) (string, error) {
		return e.machines.newToken(oauthTokens, p.ID, e.now()), nil
	},
	{typeOAuth, formatJWT}: func(e *Emulator, p person, _ string) (string, error) {
		return e.machineJWT(oauthTokens, p.ID)
	},
}

// token answers with a fresh token, for command lines and tests that have no
// browser. Only an M2M token is for no user.
func (e *Emulator) token(w http.ResponseWriter, r *http.Request) {
	query, err := readQuery(r)
	if err != nil {
		writeAPIError(w, http.StatusBadRequest, "request_invalid", err.Error())
		return
	}
	form := tokenForm{cmp.Or(query.Get("type"), typeSession), query.Get("format")}
	makeToken, known := tokenMakers[form]
	if !known {
		writeAPIError(w, http.StatusBadRequest, "request_invalid", "type and format: expected session_token, api_key, "+
			"m2m_token or oauth_token, and jwt with one of the last two only")
		return
	}
	azp := cmp.Or(query.Get("azp"), e.seenFrom(r).origin)
	if strings.ContainsFunc(azp, unprintable) {
		writeAPIError(w, http.StatusBadRequest, "request_invalid", "azp: expected an origin of printable characters")
		return
	}
	user, err := e.people.find(query.Get("user"))
	if err != nil && form.tokenType != typeM2M {
		writeAPIError(w, http.StatusNotFound, "resource_not_found", err.Error())
		return
	}
	token, err := makeToken(e, user, azp)
	if err != nil {
		writeAPIError(w, http.StatusInternalServerError, "internal_error", fmt.Sprintf("making a token: %v", err))
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(token)) //nolint:gosec // It is plain text in base64url.
}
