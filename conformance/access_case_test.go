// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"bytes"
	"encoding/json"

	"github.com/caddy-clerk/caddy-clerk/access"
)

// accessCase is the payload of a session token, and what its holder is asked to
// have.
type accessCase struct {
	ID      int             `json:"id"`
	Payload json.RawMessage `json:"payload"`
	Params  accessParams    `json:"params"`
	// Instead is the payload of which the reference says what is expected of
	// Payload, where it differs on purpose.
	Instead json.RawMessage `json:"instead,omitempty"`
}

// accessParams is what the reference's has() takes.
type accessParams struct {
	Role       *string `json:"role,omitempty"`
	Permission *string `json:"permission,omitempty"`
	Feature    *string `json:"feature,omitempty"`
	Plan       *string `json:"plan,omitempty"`
	// Reverification is a preset's name, or an object.
	Reverification json.RawMessage `json:"reverification,omitempty"`
}

// accessAnswer is what the reference says of a case.
type accessAnswer struct {
	// Reference is nil when it threw.
	Reference *bool  `json:"reference"`
	Expected  *bool  `json:"expected"` // of Instead
	Body      string `json:"body"`     // reverificationError's
}

// params are those of this project. A reverification that cannot be read is
// asked all the same.
func (p *accessParams) params() access.Params {
	params := access.Params{Role: p.Role, Permission: p.Permission, Feature: p.Feature, Plan: p.Plan}
	if p.Reverification == nil {
		return params
	}
	var preset string
	if json.Unmarshal(p.Reverification, &preset) == nil {
		if params.Reverification, _ = access.ParseReverification(preset); params.Reverification == nil {
			params.Reverification = &access.Reverification{Level: preset}
		}
		return params
	}
	params.Reverification = new(access.Reverification)
	if err := json.Unmarshal(p.Reverification, params.Reverification); err != nil {
		panic(err)
	}
	return params
}

// requirements are the params as a gate's, one for each that can be required.
// All is whether each can.
func (p *accessParams) requirements() (policy access.Policy, all bool) {
	all = true
	add := func(kind access.Kind, words ...string) {
		r, err := access.NewRequirement(string(kind), words)
		if err != nil {
			all = false
			return
		}
		policy = append(policy, r)
	}
	for kind, name := range map[access.Kind]*string{
		access.KindRole: p.Role, access.KindPermission: p.Permission, access.KindFeature: p.Feature, access.KindPlan: p.Plan,
	} {
		if name != nil {
			add(kind, *name)
		}
	}
	if p.Reverification != nil {
		add(access.KindReverification, reverificationWords(p.Reverification)...)
	}
	return policy, all && len(policy) > 0
}

func reverificationWords(config json.RawMessage) []string {
	var preset string
	if json.Unmarshal(config, &preset) == nil {
		return []string{preset}
	}
	var custom struct {
		Level        string
		AfterMinutes json.Number
	}
	if err := json.Unmarshal(config, &custom); err != nil {
		panic(err)
	}
	return []string{custom.Level, custom.AfterMinutes.String()}
}

// claims reads the payload, with numbers as they are written.
func (c *accessCase) claims() map[string]any {
	decoder := json.NewDecoder(bytes.NewReader(c.Payload))
	decoder.UseNumber()
	var claims map[string]any
	if err := decoder.Decode(&claims); err != nil {
		panic(err)
	}
	return claims
}
