// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// CheckResult is how a check ended.
type CheckResult string

// The results of checks.
const (
	CheckPassed CheckResult = "passed"
	CheckFailed CheckResult = "failed"
	// CheckOff is a check that nothing was demanded of.
	CheckOff CheckResult = "off"
	// CheckSkipped is a check that lacks what an earlier one would have brought.
	CheckSkipped CheckResult = "skipped"
)

// The names of checks, in the order in which a token goes through them.
const (
	CheckSize            = "size"
	CheckForm            = "form"
	CheckClass           = "class"
	CheckKey             = "key"
	CheckHeader          = "header"
	CheckSignature       = "signature"
	CheckSubject         = "subject"
	CheckAudience        = "audience"
	CheckAuthorizedParty = "authorized party"
	CheckIssuer          = "issuer"
	CheckExpiry          = "expiry"
	CheckNotBefore       = "not before"
	CheckIssuedAt        = "issued at"
)

// Check is what one check says of a token. It never contains the signature.
type Check struct {
	Name   string      `json:"name"`
	Result CheckResult `json:"result"`
	// Finding says what was found, in words.
	Finding string `json:"finding"`
	// Reason is that of the refusal if the check failed, and Remedy what to do
	// about it, empty when the token alone is at fault.
	Reason Reason `json:"reason,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

// Explanation is what all checks say of a token, those included that come after
// the one that refuses it, as far as they can be made. It is for people: what
// a token says when its signature is not good, nobody vouches for.
type Explanation struct {
	// Size is in bytes.
	Size   int     `json:"size"`
	Checks []Check `json:"checks"`
	// Header and Claims are what the token says; nil if it cannot be read.
	Header []Member `json:"header,omitempty"`
	Claims []Member `json:"claims,omitempty"`
}

// Refusal gives the check that refuses the token: the first that failed, nil if
// none did. Its reason is the one that Verify gives.
func (e *Explanation) Refusal() *Check {
	i := slices.IndexFunc(e.Checks, func(c Check) bool { return c.Result == CheckFailed })
	if i < 0 {
		return nil
	}
	return &e.Checks[i]
}

// Proven tells whether the signature is good, so that the claims are the
// instance's.
func (e *Explanation) Proven() bool {
	return slices.ContainsFunc(e.Checks, func(c Check) bool { return c.Name == CheckSignature && c.Result == CheckPassed })
}

// Explain does what Verify does with a session token, and goes on after the
// first refusal. It asks the cache nothing and leaves nothing in it.
func (v *Verifier) Explain(ctx context.Context, token string, want Requirements) *Explanation {
	x := &explainer{verifier: v, now: v.now(), skew: want.ClockSkew, grace: want.ExpiredFor}
	if !x.read(token) {
		return &x.Explanation
	}
	x.refuseUnless(CheckClass, "a session token's", func() error { return x.token.checkSession() })
	x.prove(ctx, NotMachine)
	f := &x.token.facts
	x.checkSubject()
	x.checkList(CheckAudience, "aud", want.Audiences, f.audiences, f.checkAudience(want.Audiences))
	x.checkList(CheckAuthorizedParty, "azp", want.AuthorizedParties, one(f.authorizedParty), f.checkAuthorizedParty(want.AuthorizedParties))
	x.checkList(CheckIssuer, "iss", want.Issuers, one(f.issuer), f.checkIssuer(want.Issuers))
	x.checkTimes()
	return &x.Explanation
}

// ExplainMachine is Explain for what VerifyMachine does with a machine's token.
func (v *Verifier) ExplainMachine(ctx context.Context, token string, want MachineRequirements) *Explanation {
	x := &explainer{verifier: v, now: v.now(), skew: want.ClockSkew}
	if !x.read(token) {
		return &x.Explanation
	}
	f := &x.token.facts
	x.refuseUnless(CheckClass, machineClasses[f.machine], func() error { return x.token.checkMachineClass() })
	x.prove(ctx, f.machine)
	x.checkSubject()
	x.checkList(CheckAudience, "aud", want.Audiences, f.audiences, f.checkMachineAudience(f.machine, want.Audiences))
	x.checkTimes()
	return &x.Explanation
}

// machineClasses says whose a token is.
//
//nolint:gosec // They are names, not credentials.
var machineClasses = map[MachineKind]string{
	NotMachine: "no machine's",
	M2MToken:   "a machine-to-machine token's",
	OAuthToken: "an OAuth access token's",
}

// explainer makes an Explanation.
type explainer struct {
	Explanation
	verifier *Verifier
	token    *Token
	now      time.Time
	// skew is forgiven in all times, and grace in the expiry as well.
	skew, grace time.Duration
}

func (x *explainer) add(name string, result CheckResult, format string, args ...any) {
	x.Checks = append(x.Checks, Check{Name: name, Result: result, Finding: fmt.Sprintf(format, args...)})
}

func (x *explainer) fail(name string, err error) {
	c := Check{Name: name, Result: CheckFailed, Finding: err.Error(), Reason: ReasonOf(err)}
	if refusal, ok := err.(*Error); ok { //nolint:errorlint // What it wraps is told by it.
		c.Finding, c.Remedy = refusal.Message, refusal.Remedy
		if refusal.cause != nil {
			c.Finding += ": " + refusal.cause.Error()
		}
	}
	x.Checks = append(x.Checks, c)
}

func (x *explainer) refuseUnless(name, finding string, check func() error) {
	if err := check(); err != nil {
		x.fail(name, err)
		return
	}
	x.add(name, CheckPassed, "%s", finding)
}

// read reads the token's form, without which there is nothing else to check.
func (x *explainer) read(raw string) bool {
	x.Size = len(raw)
	token, err := parse(raw, x.verifier.decode)
	if x.Size > MaxTokenSize {
		x.fail(CheckSize, err)
		return false
	}
	x.add(CheckSize, CheckPassed, "%d bytes of at most %d", x.Size, MaxTokenSize)
	if err != nil {
		x.fail(CheckForm, err)
		return false
	}
	x.add(CheckForm, CheckPassed, "header, payload and signature, in base64url")
	x.token = token
	signature := raw[strings.LastIndexByte(raw, '.')+1:]
	x.Header = token.parts.header.printable(signature)
	x.Claims = token.parts.payload.printable(signature)
	x.annotate()
	return true
}

// annotate says what the values mean that are written for machines.
func (x *explainer) annotate() {
	f := &x.token.facts
	notes := map[string]string{}
	for name, claim := range map[string]timeClaim{"exp": f.expiry, "nbf": f.notBefore, "iat": f.issuedAt} {
		if claim.present && !math.IsNaN(claim.millis) {
			notes[name] = strings.TrimSpace(relative(claim, x.now, "", ""))
		}
	}
	for i, m := range x.Claims {
		x.Claims[i].Note = notes[m.Name]
	}
	category, _ := x.token.parts.header.string(memberCategory)
	for i, m := range x.Header {
		if m.Name == "cat" {
			x.Header[i].Note = categories[category]
		}
	}
}

// categories names the classes of tokens.
var categories = map[string]string{
	categorySession: "a session token",
	categoryM2M:     "a machine-to-machine token",
	categoryIgnore:  "no class in particular",
}

// prove checks all that the signature takes.
func (x *explainer) prove(ctx context.Context, kind MachineKind) {
	p := x.token.parts
	key, keyErr := x.verifier.keys.Key(ctx, x.token.facts.keyID)
	if keyErr != nil {
		x.fail(CheckKey, keyErr)
	} else {
		x.add(CheckKey, CheckPassed, "%s", key.describe(x.token.facts.keyID))
	}
	algorithm, err := p.checkHeader(kind)
	if err == nil && key != nil {
		err = key.checkAlgorithm(algorithm)
	}
	if err != nil {
		x.fail(CheckHeader, err)
	} else {
		x.add(CheckHeader, CheckPassed, "algorithm %s", algorithm)
	}
	if keyErr != nil || err != nil {
		x.add(CheckSignature, CheckSkipped, "there is nothing to check it with, so nobody vouches for what the token says")
		return
	}
	_, err = x.verifier.verifySignature(ctx, p, key, kind)
	x.refuseUnless(CheckSignature, "it is this key's, of just this header and payload", func() error { return err })
}

// describe names a key that a token has found by its "kid", or in spite of it.
func (k *Key) describe(wanted string) string {
	text := fmt.Sprintf("RSA, %d bits", k.Public.N.BitLen())
	if k.Algorithm != "" {
		text += ", for " + k.Algorithm
	}
	if k.ID == "" {
		return "the configured key, which serves every kid: " + text
	}
	return fmt.Sprintf("%s: %s", quote(wanted), text)
}

func (x *explainer) checkSubject() {
	subject, _ := x.token.parts.payload.string(memberSubject)
	x.refuseUnless(CheckSubject, quote(subject), x.token.facts.checkSubject)
}

// checkList explains a claim that is held against a list.
func (x *explainer) checkList(name, claim string, want, got []string, err error) {
	found := "none"
	if len(got) > 0 {
		found = list(got)
	}
	switch {
	case err != nil:
		x.fail(name, err)
	case len(want) == 0:
		x.add(name, CheckOff, "not demanded; the token has %s (%s)", found, claim)
	case len(got) == 0:
		x.add(name, CheckPassed, "the token has none (%s), which passes", claim)
	default:
		x.add(name, CheckPassed, "%s", found)
	}
}

func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func (x *explainer) checkTimes() {
	f := &x.token.facts
	x.checkTime(CheckExpiry, f.expiry, x.skew+x.grace, "expires", "expired", f.checkExpiry(x.now, x.skew+x.grace))
	x.checkTime(CheckNotBefore, f.notBefore, x.skew, "good only", "good", f.notBefore.checkBegun(x.now, x.skew, "nbf", ReasonTokenNotActiveYet))
	x.checkTime(CheckIssuedAt, f.issuedAt, x.skew, "issued only", "issued", f.issuedAt.checkBegun(x.now, x.skew, "iat", ReasonTokenIatInTheFuture))
}

// checkTime explains a time claim, with the words for one that is to come and
// for one that is past.
func (x *explainer) checkTime(name string, claim timeClaim, forgiven time.Duration, toCome, past string, err error) {
	finding := relative(claim, x.now, toCome, past)
	switch {
	case !claim.present && err == nil:
		x.add(name, CheckPassed, "the token has none, which passes")
	case math.IsNaN(claim.millis):
		x.fail(name, err)
	case err != nil:
		x.fail(name, err)
		x.Checks[len(x.Checks)-1].Finding = fmt.Sprintf("%s; %s of difference are forgiven", finding, forgiven)
	case claim.millis > millis(x.now) != (name == CheckExpiry):
		x.add(name, CheckPassed, "%s, which the %s that are forgiven make good", finding, forgiven)
	default:
		x.add(name, CheckPassed, "%s", finding)
	}
}

// relative says how far a moment is from now, and when it is.
func relative(claim timeClaim, now time.Time, toCome, past string) string {
	at := claim.time().UTC()
	if claim.millis > millis(now) {
		return fmt.Sprintf("%s in %s, at %s", toCome, about(at.Sub(now)), at.Format(time.RFC3339))
	}
	return fmt.Sprintf("%s %s ago, at %s", past, about(now.Sub(at)), at.Format(time.RFC3339))
}

// longSpan is what is told in days.
const longSpan = 48 * time.Hour

func about(d time.Duration) string {
	if d >= longSpan {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return d.Round(time.Second).String()
}
