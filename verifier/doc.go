// SPDX-License-Identifier: Apache-2.0

// Package verifier turns a Clerk session token into trusted claims, or into
// an error that says why not.
//
// It knows tokens and keys, and nothing of HTTP requests: what a request
// means is package authstate's business. The checks, their order and the
// reason of every refusal are those of Clerk's own backend SDK
// (https://clerk.com/docs/guides/sessions/manual-jwt-verification), except
// where this package is stricter on purpose: base64url is read strictly
// (RFC 7515, section 2), a "crit" header is refused (RFC 7515, section
// 4.1.11), and a token has a largest size.
//
// A Verifier holds what belongs to a Clerk instance, that is its keys. What
// a site demands of a token is passed to each call as Requirements, so that
// several sites can share the work on one token without sharing the verdict:
//
//	keys, err := verifier.ParsePEM(pem)
//	if err != nil {
//		return err
//	}
//	v, err := verifier.New(verifier.Options{Keys: keys})
//	if err != nil {
//		return err
//	}
//	claims, err := v.Verify(ctx, token, verifier.Requirements{
//		AuthorizedParties: []string{"https://app.example.com"},
//		Issuers:           []string{"https://clerk.example.com"},
//	})
//
// JWTs that are made for machines are verified by VerifyMachine, and never pass
// for a person's.
//
// Four things can be replaced: where keys come from (KeySource), how a
// signature is checked (SignatureVerifier), how base64url is decoded and
// what time it is (Options).
package verifier
