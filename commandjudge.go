// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// judge is gates that judge tokens alike.
type judge struct {
	name    string
	gate    *configuredGate
	resolve *resolved // nil if the settings are not right
	problem error
}

// distinct puts gates together that judge tokens alike, by what they demand of
// them and whom they let pass.
func distinct(gates []configuredGate) []judge {
	var judges []judge
	seen := make(map[string]int)
	for i := range gates {
		g := &gates[i]
		r, err := g.resolve()
		if err != nil {
			judges = append(judges, judge{name: g.String(), gate: g, problem: err})
			continue
		}
		key := r.authKey(r.instanceKey()) + g.demands(r)
		if at, ok := seen[key]; ok {
			judges[at].name += "; " + g.String()
			continue
		}
		seen[key] = len(judges)
		judges = append(judges, judge{name: g.String(), gate: g, resolve: r})
	}
	return judges
}

// demands tells gates apart by what they require of who is signed in, and by
// the origins that make one more issuer acceptable.
func (g *configuredGate) demands(r *resolved) string {
	text := ""
	if g.handler != nil {
		text = fmt.Sprintf("%q", g.handler.Require)
	}
	if strings.HasPrefix(r.ProxyURL, "/") {
		text += fmt.Sprint(g.sites)
	}
	return text
}

// judge explains a token by the rules of a gate.
func (c *console) judge(ctx context.Context, j judge, token string) (gateVerdict, *verifier.Explanation) {
	verdict := gateVerdict{Gate: j.name}
	if j.problem != nil {
		// What the token says can be told all the same.
		v := verifierOf(brokenKeys{j.problem}, c)
		e := v.Explain(ctx, token, verifier.Requirements{ClockSkew: verifier.DefaultClockSkew})
		problem, remedy := splitRemedy(j.problem)
		verdict.Reason, verdict.Remedy = "the settings of the gate are not right: "+problem, remedy
		verdict.Keys, verdict.Checks = "none", e.Checks
		return verdict, e
	}
	keys, from := c.keysOf(ctx, j.resolve)
	verdict.Keys = from
	e := explainBy(ctx, verifierOf(keys, c), j, token)
	verdict.Checks, verdict.proven = e.Checks, e.Proven()
	if refusal := e.Refusal(); refusal != nil {
		verdict.Reason, verdict.Remedy = string(refusal.Reason), remedyFor(refusal, token, j)
		return verdict, e
	}
	verdict.Checks = append(verdict.Checks, j.demanded(ctx, verifierOf(keys, c), token)...)
	verdict.Accepted = true
	if last := verdict.Checks[len(verdict.Checks)-1]; last.Result == verifier.CheckFailed {
		verdict.Accepted, verdict.Reason, verdict.Remedy = false, string(last.Reason), last.Remedy
	}
	return verdict, e
}

func verifierOf(keys verifier.KeySource, c *console) *verifier.Verifier {
	v, err := verifier.New(verifier.Options{Keys: keys, Now: c.now})
	if err != nil {
		panic(err) // Only for want of keys.
	}
	return v
}

// explainBy holds a token against what its gate demands of its class.
func explainBy(ctx context.Context, v *verifier.Verifier, j judge, token string) *verifier.Explanation {
	parsed, err := v.Parse(token)
	accepts := func(tokenType string) bool {
		return slices.Contains(j.resolve.AcceptsToken, tokenType) || slices.Contains(j.resolve.AcceptsToken, authstate.AnyToken)
	}
	asMachine := !accepts(authstate.SessionToken) && len(j.resolve.AcceptsToken) > 0
	if err == nil {
		kind := parsed.MachineKind()
		asMachine = asMachine && !j.isKeyAlone() ||
			kind == verifier.M2MToken && accepts(authstate.M2MToken) || kind == verifier.OAuthToken && (accepts(authstate.OAuthToken) || j.isKeyAlone())
	}
	if asMachine {
		return v.ExplainMachine(ctx, token, verifier.MachineRequirements{
			Audiences: j.resolve.want.Audiences, ClockSkew: j.resolve.want.ClockSkew,
		})
	}
	return v.Explain(ctx, token, j.requirements())
}

// isKeyAlone tells whether there is no gate, and only a key.
func (j judge) isKeyAlone() bool { return j.gate.app == nil }

// requirements gives what a session token must satisfy, with the issuers that
// the gate's sites add.
func (j judge) requirements() verifier.Requirements {
	want, err := j.resolve.requirements()
	if err != nil || j.isKeyAlone() {
		return verifier.Requirements{ClockSkew: j.resolve.want.ClockSkew}
	}
	if len(j.resolve.Issuer) == 0 && strings.HasPrefix(j.resolve.ProxyURL, "/") {
		for _, s := range j.gate.sites {
			want.Issuers = append(want.Issuers, s.String()+strings.TrimRight(j.resolve.ProxyURL, "/"))
		}
	}
	return want
}

// requirements gives what a session token must satisfy by the settings alone.
func (r *resolved) requirements() (verifier.Requirements, error) {
	v, err := verifier.New(verifier.Options{Keys: new(verifier.StaticKeys)})
	if err != nil {
		return verifier.Requirements{}, err
	}
	a, err := authstate.New((&instance{verifier: v}).options(r, nil))
	if err != nil {
		return verifier.Requirements{}, err
	}
	return a.Requirements(), nil
}

// The names of the checks that come after the verifier's.
const (
	checkSessionStatus = "session status"
	checkRequirements  = "requirements"
)

// demanded holds who a good token is of against what the gate requires.
func (j judge) demanded(ctx context.Context, v *verifier.Verifier, token string) []verifier.Check {
	who, err := j.subject(ctx, v, token)
	if err != nil {
		return nil
	}
	if who.Claims != nil && who.Claims.Pending() {
		return []verifier.Check{{
			Name: checkSessionStatus, Result: verifier.CheckFailed, Reason: "session-pending",
			Finding: "the session has a task left to do (sts is pending)",
			Remedy:  "let the person finish it, such as choosing an organization; a gate sends page loads to where that is done",
		}}
	}
	if j.gate.handler == nil || len(j.gate.handler.Require) == 0 {
		return nil
	}
	check := verifier.Check{Name: checkRequirements, Result: verifier.CheckPassed, Finding: "all of them are met"}
	policy, err := newPolicy("require", j.gate.handler.Require)
	if err != nil {
		check.Result, check.Finding = verifier.CheckFailed, err.Error()
	} else if denial := policy.Check(who); denial != nil {
		check.Result, check.Reason, check.Finding = verifier.CheckFailed, verifier.Reason(denial.Reason()), denial.Message()
		check.Remedy = "give the person what require asks for, in the Clerk Dashboard, and take a token that was made after it; or change require"
	}
	return []verifier.Check{check}
}

func (j judge) subject(ctx context.Context, v *verifier.Verifier, token string) (access.Subject, error) {
	parsed, err := v.Parse(token)
	if err != nil {
		return access.Subject{}, err
	}
	if parsed.MachineKind() != verifier.NotMachine {
		machine, err := v.VerifyMachine(ctx, parsed, verifier.MachineRequirements{ClockSkew: j.resolve.want.ClockSkew})
		if err != nil {
			return access.Subject{}, err
		}
		return access.Subject{Scopes: machine.Scopes, Machine: true}, nil
	}
	claims, err := v.VerifyParsed(ctx, parsed, verifier.Requirements{ClockSkew: j.resolve.want.ClockSkew})
	return access.Subject{Claims: claims}, err
}
