// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"errors"
	"time"
)

// DefaultClockSkew is the difference between Clerk's clock and ours that is
// forgiven in time claims, as in Clerk's SDK.
const DefaultClockSkew = 5 * time.Second

// Options says how a Verifier works.
type Options struct {
	// Keys finds the key for a token. Required.
	Keys KeySource
	// Signatures checks signatures; crypto/rsa when nil.
	Signatures SignatureVerifier
	// DecodeBase64URL decodes the parts of a token; strict RFC 7515 when nil.
	DecodeBase64URL func(string) ([]byte, error)
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// CacheBytes is how much memory, about, may be used to remember tokens whose
	// signature was good, so that it is verified once; none when zero. It takes
	// a KeySource that gives the same *Key for as long as the key is the same,
	// as those of this package do. A Verifier that remembers must be closed.
	CacheBytes uint64
	// Observer is told what the Verifier does; nil for nobody.
	Observer Observer
}

// Requirements says what one site demands of a token. The zero value demands
// a valid signature and time claims only, with no skew at all.
type Requirements struct {
	// AuthorizedParties lists the origins that the token may have been made
	// for ("azp"). When it is not empty, a token without one is refused.
	AuthorizedParties []string
	// Audiences lists acceptable audiences ("aud"). A token without any passes:
	// Clerk's session tokens carry none unless customized.
	Audiences []string
	// Issuers lists acceptable issuers ("iss"); none means unchecked.
	Issuers []string
	// ClockSkew is the difference of clocks that is forgiven.
	ClockSkew time.Duration
	// ExpiredFor is how long ago, beyond ClockSkew, the token may have expired.
	ExpiredFor time.Duration
}

// Verifier verifies the tokens of one Clerk instance. It is safe for
// concurrent use.
type Verifier struct {
	keys       KeySource
	signatures SignatureVerifier
	decode     decoder
	now        func() time.Time
	cache      *tokenCache // nil without
	observer   Observer    // nil for nobody
}

// New makes a Verifier. It fails only without a KeySource.
func New(o Options) (*Verifier, error) {
	if o.Keys == nil {
		return nil, errors.New("a verifier needs a source of keys")
	}
	v := &Verifier{keys: o.Keys, signatures: o.Signatures, decode: strictBase64URL, now: o.Now, observer: o.Observer}
	if v.signatures == nil {
		v.signatures = rsaSignatures{}
	}
	if o.DecodeBase64URL != nil {
		v.decode = decodeWith(o.DecodeBase64URL)
	}
	if v.now == nil {
		v.now = time.Now
	}
	if o.CacheBytes > 0 {
		v.cache = newTokenCache(o.CacheBytes, v.now)
	}
	return v, nil
}

// Close forgets the tokens that are remembered, and ends the goroutine that
// forgets them in time.
func (v *Verifier) Close() {
	if v.cache != nil {
		v.cache.close()
	}
}

// Verify checks a session token and gives its claims, which may be shared with
// other callers and must not be changed. Every refusal is an *Error; one that
// wraps ErrKeysUnavailable says nothing about the token.
func (v *Verifier) Verify(ctx context.Context, token string, want Requirements) (*Claims, error) {
	parsed, err := v.Parse(token)
	if err != nil {
		return nil, err
	}
	return v.VerifyParsed(ctx, parsed, want)
}

// Parse reads the form of a token and verifies nothing. One that was verified
// before is not read again.
func (v *Verifier) Parse(token string) (*Token, error) {
	if v.cache != nil {
		if known := v.cache.get(token); known != nil {
			return known, nil
		}
	}
	return parse(token, v.decode)
}

// VerifyParsed is Verify for a token that Parse has read.
func (v *Verifier) VerifyParsed(ctx context.Context, t *Token, want Requirements) (*Claims, error) {
	known, err := v.verifySession(ctx, t, &want)
	v.observe(t, known, err)
	if err != nil {
		return nil, err
	}
	return &known.claims, nil
}

func (v *Verifier) verifySession(ctx context.Context, t *Token, want *Requirements) (*verification, error) {
	if err := t.checkSession(); err != nil {
		return nil, err
	}
	known, err := v.verified(ctx, t)
	if err != nil {
		return nil, err
	}
	// The claims are checked each time, since what is demanded of them differs
	// from site to site, and time goes on.
	if err := t.facts.check(want, v.now()); err != nil {
		return nil, err
	}
	return known, nil
}

func (t *Token) checkSession() error {
	if !t.IsSessionClass() {
		return refuse(ReasonTokenTypeMismatch, "expected a session token, got a machine token or a custom JWT template's")
	}
	return nil
}

// verified verifies the signature of a token. Nothing else is ever taken as
// known, and that only with the very key that is good now.
func (v *Verifier) verified(ctx context.Context, t *Token) (*verification, error) {
	key, err := v.keys.Key(ctx, t.facts.keyID)
	if err != nil {
		return nil, err
	}
	if t.verified != nil {
		if t.verified.key == key {
			return t.verified, nil
		}
		// What is remembered is not kept whole.
		if t, err = parse(t.raw, v.decode); err != nil {
			return nil, err
		}
	}
	if key, err = v.verifySignature(ctx, t.parts, key, t.facts.machine); err != nil {
		return nil, err
	}
	found := t.remember(key)
	if v.cache != nil {
		v.cache.put(found)
	}
	return found.verified, nil
}

// verifySignature checks everything that does not depend on claims, and gives
// the key that the signature is of: the one given, or its replacement. The
// order is the SDK's, so that the first reason found is the same.
func (v *Verifier) verifySignature(ctx context.Context, p *parts, key *Key, kind MachineKind) (*Key, error) {
	algorithm, err := p.checkHeader(kind)
	if err != nil {
		return nil, err
	}
	if err := key.checkAlgorithm(algorithm); err != nil {
		return nil, err
	}
	if v.checkSignature(key, algorithm, p) == nil {
		return key, nil
	}
	if source, ok := v.keys.(ReplacingKeySource); ok {
		key = source.Replacement(ctx, key)
		if key != nil && key.checkAlgorithm(algorithm) == nil && v.checkSignature(key, algorithm, p) == nil {
			return key, nil
		}
	}
	return nil, &Error{
		Reason:  ReasonTokenInvalidSignature,
		Message: "the signature does not match the instance's key",
		Remedy:  "check that the keys belong to the Clerk instance that issued the token",
	}
}

func (k *Key) checkAlgorithm(algorithm string) error {
	if k.Algorithm != "" && k.Algorithm != algorithm {
		return refuse(ReasonTokenVerificationFailed, "the key is for %s, the token says %s", k.Algorithm, algorithm)
	}
	return nil
}

// checkHeader checks type, algorithm and extensions, and gives the algorithm.
func (p *parts) checkHeader(kind MachineKind) (string, error) {
	typ, _ := p.header.string(memberType)
	if p.header.has(memberType) && typ != "JWT" && (kind != OAuthToken || !isOAuthType(typ)) {
		return "", refuse(ReasonTokenInvalid, `expected the type "JWT", got %s`, quote(p.header.raw(memberType)))
	}
	algorithm, _ := p.header.string(memberAlgorithm)
	if _, known := algorithms[algorithm]; !known {
		return "", refuse(ReasonTokenInvalidAlgorithm, "expected the algorithm RS256, RS384 or RS512, got %s", quote(p.header.raw(memberAlgorithm)))
	}
	// RFC 7515, section 4.1.11: whoever does not understand an extension that
	// is marked critical must reject the token, and we understand none.
	if p.header.has(memberCritical) {
		return "", refuse(ReasonTokenInvalid, "the token demands extensions that are not understood (crit)")
	}
	return algorithm, nil
}
