// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"errors"
	"time"
)

// Outcome is how the verification of a session token or of a machine's ended.
type Outcome int

// The outcomes. Cached is of a token that passed and whose signature was known
// to be good, Verified of one that passed and whose signature had to be checked.
// Undecided says nothing about the token: the keys could not be had.
const (
	Cached Outcome = iota
	Verified
	Refused
	Undecided
)

// Observer is told what a Verifier does, for metrics. It is called while a
// request waits, by many at once, and is told nothing of the tokens.
type Observer interface {
	// VerificationEnded is called for each token that Parse could read.
	VerificationEnded(Outcome)
	// SignatureChecked tells how long the check of one signature took, good or
	// not. One that is known to be good is not checked again.
	SignatureChecked(time.Duration)
}

// observe tells the observer how the verification of a token ended.
func (v *Verifier) observe(t *Token, known *verification, err error) {
	switch {
	case v.observer == nil:
	case err == nil && known == t.verified:
		v.observer.VerificationEnded(Cached)
	case err == nil:
		v.observer.VerificationEnded(Verified)
	case errors.Is(err, ErrKeysUnavailable):
		v.observer.VerificationEnded(Undecided)
	default:
		v.observer.VerificationEnded(Refused)
	}
}

// checkSignature checks one signature with one key.
func (v *Verifier) checkSignature(key *Key, algorithm string, p *parts) error {
	if v.observer == nil {
		return v.signatures.VerifySignature(key, algorithm, p.signed, p.signature)
	}
	began := time.Now()
	err := v.signatures.VerifySignature(key, algorithm, p.signed, p.signature)
	v.observer.SignatureChecked(time.Since(began))
	return err
}
