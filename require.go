// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"fmt"
	"slices"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// Requirement is one thing that must hold beyond being signed in. Several must
// all hold.
//
//	{"kind": "role", "values": ["org:admin", "org:owner"]}
type Requirement struct {
	// What is asked for: `role`, `permission`, `feature`, `plan`,
	// `reverification`, or `scope`. People have all but scopes, and the tokens
	// of machines have scopes alone.
	Kind string `json:"kind"`

	// What satisfies it, any of them: roles such as `org:admin`, permissions such
	// as `org:invoices:read`, features and plans such as `org:gold`, scopes. For
	// `reverification` it is a preset (`strict_mfa`, `strict`, `moderate`, `lax`)
	// or a level (`first_factor`, `second_factor`, `multi_factor`) and a number
	// of minutes. Values can be placeholders such as `{env.ADMIN_ROLE}`, which
	// are expanded when the configuration loads.
	Values []string `json:"values"`
}

// requirementKinds lists the values of Kind.
var requirementKinds = []string{
	string(access.KindRole), string(access.KindPermission), string(access.KindFeature), string(access.KindPlan),
	string(access.KindReverification), string(access.KindScope),
}

// newPolicy expands the requirements' placeholders and compiles them. An error
// names the setting that they come from.
func newPolicy(setting string, requirements []Requirement) (access.Policy, error) {
	repl, expanded := caddy.NewReplacer(), make([]Requirement, 0, len(requirements))
	for _, r := range requirements {
		values := make([]string, 0, len(r.Values))
		for _, value := range r.Values {
			text, err := repl.ReplaceOrErr(value, true, true)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w; set what it refers to", setting, r.Kind, err)
			}
			values = append(values, text)
		}
		expanded = append(expanded, Requirement{Kind: r.Kind, Values: values})
	}
	return compilePolicy(setting, expanded)
}

// compilePolicy takes values as they are: those in an expression may come from
// a request, and a client must not have placeholders of its own expanded, such
// as one for a file.
func compilePolicy(setting string, requirements []Requirement) (access.Policy, error) {
	policy := make(access.Policy, 0, len(requirements))
	for _, r := range requirements {
		compiled, err := access.NewRequirement(r.Kind, r.Values)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", setting, err)
		}
		policy = append(policy, compiled)
	}
	return policy, nil
}

// checkSatisfiable refuses requirements that nobody whom the gate accepts can
// ever meet: only machines' tokens have scopes, and they have nothing else.
func checkSatisfiable(requirements []Requirement, a *authenticator) error {
	isScope := func(r Requirement) bool { return r.Kind == string(access.KindScope) }
	scopes := slices.ContainsFunc(requirements, isScope)
	others := slices.ContainsFunc(requirements, func(r Requirement) bool { return !isScope(r) })
	switch {
	case scopes && others:
		return errors.New("require: scope is for machines and the other kinds are for people, so nobody can meet both; " +
			"use two gates, each under a matcher such as clerk token_type session_token")
	case scopes && !a.acceptsMachines():
		return errors.New("require scope: only machine tokens have scopes, and accepts_token lists none; " +
			"add api_key, m2m_token or oauth_token to it")
	case others && !a.acceptsSessions():
		return errors.New("require: machine tokens have scopes only, and accepts_token lists no session_token; " +
			"use require scope, or add session_token to it")
	}
	return nil
}

// subject is who a policy is asked about.
func subject(s *authstate.State) access.Subject {
	if s.Machine != nil {
		return access.Subject{Scopes: s.Machine.Scopes, Machine: true}
	}
	if s.Grace != "" {
		return access.Subject{Claims: withoutFactors(s.Claims)}
	}
	return access.Subject{Claims: s.Claims}
}
