// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types/ref"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/authstate"
)

func init() {
	caddy.RegisterModule(Matcher{})
}

// Matcher matches requests by who they come from, as a `clerk_auth` before it
// has found out. Where there was none, and for whoever is not signed in, it
// does not match. All that is given must hold.
//
//	{"token_type": ["session_token"], "require": [{"kind": "role", "values": ["org:admin"]}]}
//
// In a Caddyfile:
//
//	@admins {
//		clerk token_type session_token
//		clerk role org:admin
//	}
//
// In `expression` matchers it is a function that takes the words of a line:
// `clerk('role', 'org:admin', 'org:owner')`.
type Matcher struct {
	// Whether to match whoever is signed in. Default: `false`; the other fields
	// imply it.
	SignedIn bool `json:"signed_in,omitempty"`

	// The types of tokens, any of them: `session_token`, `api_key`, `m2m_token`,
	// `oauth_token`. Default: all.
	TokenType []string `json:"token_type,omitempty"`

	// What else must hold, as for `clerk_auth`. Default: nothing.
	Require []Requirement `json:"require,omitempty"`

	policy access.Policy
}

// The words that begin a line of the matcher beside the kinds of requirements.
const (
	matchSignedIn  = "signed_in"
	matchTokenType = "token_type"
)

var tokenTypes = []string{authstate.SessionToken, authstate.APIKey, authstate.M2MToken, authstate.OAuthToken}

// CaddyModule returns the Caddy module information.
func (Matcher) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.matchers.clerk",
		New: func() caddy.Module { return new(Matcher) },
	}
}

// Provision compiles what must hold.
func (m *Matcher) Provision(caddy.Context) error {
	var err error
	m.policy, err = newPolicy("clerk", m.Require)
	return err
}

// Validate refuses a matcher that says nothing, and types that do not exist.
func (m *Matcher) Validate() error {
	if m.isEmpty() {
		return errNoCondition
	}
	for _, tokenType := range m.TokenType {
		if !slices.Contains(tokenTypes, tokenType) {
			return fmt.Errorf("clerk token_type: expected any of %s, got %q", strings.Join(tokenTypes, ", "), tokenType)
		}
	}
	return nil
}

func (m *Matcher) isEmpty() bool { return !m.SignedIn && len(m.TokenType) == 0 && len(m.Require) == 0 }

var errNoCondition = errors.New("clerk: expected signed_in, token_type, role, permission, feature, plan, reverification or scope, " +
	"such as clerk role org:admin")

// Match tells whether the request matches.
func (m *Matcher) Match(r *http.Request) bool {
	s, ok := caddyhttp.GetVar(r.Context(), stateVar).(*requestState)
	if !ok || s.state == nil || !s.state.IsSignedIn() {
		return false
	}
	if len(m.TokenType) > 0 && !slices.Contains(m.TokenType, s.state.TokenType) {
		return false
	}
	return m.policy.Check(subject(s.state)) == nil
}

// MatchWithError is Match; there are no errors.
func (m *Matcher) MatchWithError(r *http.Request) (bool, error) { return m.Match(r), nil }

// add adds the condition that the words of a line express.
func (m *Matcher) add(words []string) error {
	if len(words) == 0 {
		return errNoCondition
	}
	word, values := words[0], words[1:]
	switch {
	case word == matchSignedIn && len(values) > 0:
		return fmt.Errorf("clerk signed_in: unexpected argument %q; for its opposite, write not clerk signed_in", values[0])
	case word == matchSignedIn:
		m.SignedIn = true
		return nil
	case word == matchTokenType && len(m.TokenType) > 0:
		return errors.New("clerk token_type: already set; write all types on one line")
	case word == matchTokenType && len(values) == 0:
		return fmt.Errorf("clerk token_type: expected any of %s", strings.Join(tokenTypes, ", "))
	case word == matchTokenType:
		m.TokenType = values
		return nil
	case !slices.Contains(requirementKinds, word):
		return fmt.Errorf("%w, got %q", errNoCondition, word)
	case len(values) == 0:
		return fmt.Errorf("clerk %s: expected one value or more", word)
	}
	m.Require = append(m.Require, Requirement{Kind: word, Values: values})
	return nil
}

// CELLibrary gives expressions the function clerk.
func (Matcher) CELLibrary(caddy.Context) (cel.Library, error) {
	return caddyhttp.CELMatcherImpl("clerk", "clerk_match_request_list", []*cel.Type{cel.ListType(cel.StringType)},
		func(data ref.Val) (caddyhttp.RequestMatcherWithError, error) {
			words, err := data.ConvertToNative(reflect.TypeFor[[]string]())
			if err != nil {
				return nil, err
			}
			m := new(Matcher)
			if err := m.add(words.([]string)); err != nil {
				return nil, err
			}
			if m.policy, err = compilePolicy("clerk", m.Require); err != nil {
				return nil, err
			}
			return m, m.Validate()
		})
}

// Interface guards
var (
	_ caddy.Provisioner                 = (*Matcher)(nil)
	_ caddy.Validator                   = (*Matcher)(nil)
	_ caddyhttp.RequestMatcherWithError = (*Matcher)(nil)
	_ caddyhttp.CELLibraryProducer      = (*Matcher)(nil)
)
