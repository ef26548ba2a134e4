// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// parts gives the three parts of a good token.
func parts() (header, payload, signature string) {
	p := strings.Split(good(), ".")
	return p[0], p[1], p[2]
}

// A token must have one spelling: caches, deny lists and logs compare it as
// text, and a second spelling of a revoked token would walk past them.
func TestOtherSpellingsOfBase64AreRefused(t *testing.T) {
	h, p, s := parts()
	// 256 bytes end in a digit that holds two bits and four stray ones.
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(digits, s[len(s)-1])
	for name, token := range map[string]string{
		"stray bits in the signature": h + "." + p + "." + s[:len(s)-1] + string(digits[last|1]),
		"padding, signature":          h + "." + p + "." + s + "==",
		"padding, header":             h + "=." + p + "." + s,
		"padding, payload":            h + "." + p + "=." + s,
		"a line break at the end":     h + "." + p + "." + s + "\n",
		"a line break within":         h + "." + p + "." + s[:10] + "\r\n" + s[10:],
		"a line break in the header":  h[:4] + "\n" + h[4:] + "." + p + "." + s,
		"a blank before":              " " + h + "." + p + "." + s,
		"a blank after":               h + "." + p + "." + s + " ",
		"a tab within":                h + "." + p[:4] + "\t" + p[4:] + "." + s,
		"a NUL after":                 h + "." + p + "." + s + "\x00",
		"a NUL before":                "\x00" + h + "." + p + "." + s,
		"digits of no whole byte":     h + "." + p + "." + s + "AAA",
		"a BOM":                       "\ufeff" + h + "." + p + "." + s,
		"percent escapes":             h + "%2E" + p + "." + s,
		"a wide dot":                  h + "。" + p + "." + s,
		"Bearer before":               "Bearer " + h + "." + p + "." + s,
		"quotes":                      `"` + h + "." + p + "." + s + `"`,
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, token, verifier.ReasonTokenInvalid)
		})
	}
}

func TestTheStandardAlphabetIsRefused(t *testing.T) {
	// Signed in this spelling, so that only the alphabet is wrong.
	payload := encode(toJSON(session(members{"x": "~~~???>>>"})))
	for _, odd := range []string{strings.ReplaceAll(payload, "-", "+"), strings.ReplaceAll(payload, "_", "/")} {
		signed := encode(toJSON(header(nil))) + "." + odd
		token := signed + "." + encode(rsaSign(instanceKey, "RS256", signed))
		if odd == payload {
			accepted(t, token)
			continue
		}
		refused(t, token, verifier.ReasonTokenInvalid)
	}
	for _, s := range []string{"+", "/"} {
		h, p, signature := parts()
		refused(t, h+"."+p+"."+s+signature[1:], verifier.ReasonTokenInvalid)
	}
}

func TestATokenHasThreeParts(t *testing.T) {
	h, p, s := parts()
	for name, token := range map[string]string{
		"nothing":           "",
		"a word":            "token",
		"one dot":           ".",
		"two dots":          "..",
		"three dots":        "...",
		"no signature part": h + "." + p,
		"a fourth part":     good() + ".",
		"a fourth, filled":  good() + "." + s,
		"one in front":      "." + good(),
		"encrypted, five":   encode(`{"alg":"RSA-OAEP","enc":"A256GCM"}`) + ".a.b.c.d",
		"JSON":              `{"payload":"` + p + `","protected":"` + h + `","signature":"` + s + `"}`,
		"no header":         "." + p + "." + s,
		"no payload":        h + ".." + s,
		"an opaque token":   "oat_0123456789",
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, token, verifier.ReasonTokenInvalid)
		})
	}
}

func TestASignatureThatIsNotOneIsRefused(t *testing.T) {
	h, p, s := parts()
	signature := rsaSign(instanceKey, "RS256", h+"."+p)
	flipped := append([]byte{}, signature...)
	flipped[100] ^= 1
	for name, bytes := range map[string][]byte{
		"empty":                  {},
		"one byte":               signature[:1],
		"one byte short":         signature[:255],
		"one byte less in front": signature[1:],
		"one byte more":          append(append([]byte{}, signature...), 0),
		"a leading zero":         append([]byte{0}, signature...),
		"many leading zeros":     append(make([]byte, 256), signature...),
		"twice":                  append(append([]byte{}, signature...), signature...),
		"one bit flipped":        flipped,
		"zeros":                  make([]byte, 256),
		"ones":                   []byte(strings.Repeat("\xff", 256)),
		"the key's modulus":      instanceKey.N.Bytes(),
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, h+"."+p+"."+encode(bytes), verifier.ReasonTokenInvalidSignature)
		})
	}
	for i := range len(s) - 1 {
		other := byte('A')
		if s[i] == other {
			other = 'B'
		}
		refused(t, h+"."+p+"."+s[:i]+string(other)+s[i+1:], verifier.ReasonTokenInvalidSignature)
	}
}

func TestPartsOfOtherTokensDoNotFit(t *testing.T) {
	h, p, s := parts()
	another := strings.Split(sign(header(nil), session(members{"sub": "user_2"})), ".")
	refused(t, h+"."+another[1]+"."+s, verifier.ReasonTokenInvalidSignature)
	refused(t, h+"."+p+"."+another[2], verifier.ReasonTokenInvalidSignature)
	refused(t, encode(toJSON(header(members{"x": 1})))+"."+p+"."+s, verifier.ReasonTokenInvalidSignature)
}

// What is not a JSON object has no claims. Clerk's SDK crashes on null.
func TestPartsThatAreNoObjectsAreRefused(t *testing.T) {
	for text, want := range map[string]verifier.Reason{
		`null`: verifier.ReasonTokenInvalid, ` null `: verifier.ReasonTokenInvalid,
		``: verifier.ReasonTokenInvalid, ` `: verifier.ReasonTokenInvalid, `{`: verifier.ReasonTokenInvalid,
		`{"a":1}}`: verifier.ReasonTokenInvalid, `{"a":1}{}`: verifier.ReasonTokenInvalid, `{'a':1}`: verifier.ReasonTokenInvalid,
		`{"a":01}`: verifier.ReasonTokenInvalid, `{"a":NaN}`: verifier.ReasonTokenInvalid, `{"a":1,}`: verifier.ReasonTokenInvalid,
		`undefined`: verifier.ReasonTokenInvalid, `<html>`: verifier.ReasonTokenInvalid, "\x00": verifier.ReasonTokenInvalid,
		`[]`: verifier.ReasonTokenVerificationFailed, `["sub","user_1"]`: verifier.ReasonTokenVerificationFailed,
		`5`: verifier.ReasonTokenVerificationFailed, `-0`: verifier.ReasonTokenVerificationFailed,
		`"user_1"`: verifier.ReasonTokenVerificationFailed, `true`: verifier.ReasonTokenVerificationFailed,
		`{}`: verifier.ReasonTokenVerificationFailed, "\t\r\n {} ": verifier.ReasonTokenVerificationFailed,
	} {
		t.Run("payload "+text, func(t *testing.T) {
			refused(t, signText(toJSON(header(nil)), text), want)
		})
		t.Run("header "+text, func(t *testing.T) {
			want := want
			if want != verifier.ReasonTokenInvalid {
				want = verifier.ReasonJWKKidMismatch // for it names no key
			}
			refused(t, signText(text, toJSON(session(nil))), want)
		})
	}
}

// The size is bounded before anything is decoded, so that a flood of large
// tokens costs next to nothing.
func TestATokenHasALargestSize(t *testing.T) {
	overhead := len(sign(header(nil), session(members{"x": ""})))
	fits := sign(header(nil), session(members{"x": strings.Repeat("x", (verifier.MaxTokenSize-overhead)/4*3-3)}))
	if len(fits) > verifier.MaxTokenSize || len(fits) < verifier.MaxTokenSize-16 {
		t.Fatalf("expected a token of about the limit, got %d bytes", len(fits))
	}
	accepted(t, fits)
	refused(t, sign(header(nil), session(members{"x": strings.Repeat("x", verifier.MaxTokenSize)})), verifier.ReasonTokenInvalid)
	refused(t, sign(header(nil), session(members{"x": strings.Repeat("x", 1<<20)})), verifier.ReasonTokenInvalid)
	refused(t, strings.Repeat("a", 1<<20), verifier.ReasonTokenInvalid)
	refused(t, strings.Repeat(".", 1<<20), verifier.ReasonTokenInvalid)
}

// A recursive parser runs out of stack on these.
func TestDeepNestingIsHarmless(t *testing.T) {
	for name, text := range map[string]string{
		"10,000 open lists":   strings.Repeat("[", 10_000),
		"10,000 open objects": strings.Repeat(`{"":`, 3_000),
		"10,000 in a claim":   `{"a":` + strings.Repeat("[", 10_000),
		"a million":           strings.Repeat("[", 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, signText(toJSON(header(nil)), text), verifier.ReasonTokenInvalid)
			refused(t, signText(text, toJSON(session(nil))), verifier.ReasonTokenInvalid)
		})
	}
	deep := json.RawMessage(strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000))
	for _, claim := range []string{"x", "aud", "act", "o", "fva", "v"} {
		accepted(t, sign(header(nil), session(members{claim: deep})))
	}
	refused(t, signText(toJSON(header(nil)), string(deep)), verifier.ReasonTokenVerificationFailed)
}

func TestTextThatIsNotUTF8OrHasNULsIsOnlyText(t *testing.T) {
	payload := toJSON(session(nil))
	for name, subject := range map[string]string{
		"bytes that are no UTF-8": "user_\xff\xfe",
		"an overlong slash":       "user_\xc0\xaf",
		"half a surrogate":        `user_\ud800`,
		"an escaped NUL":          `user_\u0000`,
	} {
		t.Run(name, func(t *testing.T) {
			claims := accepted(t, signText(toJSON(header(nil)), strings.Replace(payload, "user_1", subject, 1)))
			if !strings.HasPrefix(claims.UserID, "user_") || claims.UserID == "user_1" {
				t.Errorf("expected the text, made valid, got %q", claims.UserID)
			}
		})
	}
	refused(t, signText(toJSON(header(nil)), strings.Replace(payload, "user_1", "user_\x00", 1)), verifier.ReasonTokenInvalid)
	refused(t, signText(toJSON(header(nil)), "\xff\xfe"+payload), verifier.ReasonTokenInvalid)
	refused(t, signText(toJSON(header(nil)), "\ufeff"+payload), verifier.ReasonTokenInvalid)
}

// A decoder of one's own may inflate what it is given. The places of members
// are kept in 16 bits, so nothing longer than a token may be read.
func TestADecoderThatInflatesIsRefused(t *testing.T) {
	padding := strings.Repeat(" ", 1<<16)
	v := must(verifier.New(verifier.Options{
		Keys: keys(),
		Now:  func() time.Time { return noon },
		DecodeBase64URL: func(s string) ([]byte, error) {
			data, err := base64.RawURLEncoding.DecodeString(s)
			if bytes.HasPrefix(data, []byte("{")) {
				data = append([]byte("{"+padding), data[1:]...)
			}
			return data, err
		},
	}))
	_, err := v.Verify(context.Background(), good(), demands)
	wantReason(t, err, verifier.ReasonTokenInvalid)
	if !strings.Contains(err.Error(), "at most 16384 bytes") {
		t.Errorf("expected the bound to be named, got %v", err)
	}
}
