// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// pemOf is the public key as the Clerk Dashboard shows it.
func pemOf(key *rsa.PrivateKey) string {
	return block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&key.PublicKey)))
}

func block(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

// Environment variables, .env files, Docker and YAML all do something to line
// breaks; a key must survive the journey.
func TestAPEMSurvivesEveryWayOfConfiguringIt(t *testing.T) {
	text := pemOf(instanceKey)
	oneLine := strings.ReplaceAll(text, "\n", "")
	bare := strings.TrimSuffix(strings.TrimPrefix(oneLine, "-----BEGIN PUBLIC KEY-----"), "-----END PUBLIC KEY-----")
	for name, variant := range map[string]string{
		"as it is":                    text,
		"CRLF":                        strings.ReplaceAll(text, "\n", "\r\n"),
		"CR":                          strings.ReplaceAll(text, "\n", "\r"),
		`a literal \n`:                strings.ReplaceAll(text, "\n", `\n`),
		"spaces for line breaks":      strings.ReplaceAll(text, "\n", " "),
		"one line":                    oneLine,
		"indented":                    strings.ReplaceAll(text, "\n", "\n\t  "),
		"blanks around":               "\n\n  " + text + "  \n",
		"without header and footer":   bare,
		"the same on several lines":   bare[:64] + "\n" + bare[64:128] + "\r\n" + bare[128:],
		"without a footer":            strings.TrimSuffix(oneLine, "-----END PUBLIC KEY-----"),
		`without header, literal \n`:  bare[:64] + `\n` + bare[64:] + `\n`,
		"PKCS #1, RSA PUBLIC KEY":     block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&instanceKey.PublicKey)),
		"followed by something else":  text + "\n" + pemOf(attackerKey),
		"without a final line break":  strings.TrimSpace(text),
		"several empty lines between": strings.ReplaceAll(text, "\n", "\n\n"),
	} {
		t.Run(name, func(t *testing.T) {
			source, err := verifier.ParsePEM(variant)
			if err != nil {
				t.Fatalf("expected a key, got %v", err)
			}
			key, err := source.Key(context.Background(), "any")
			if err != nil || !key.Public.Equal(&instanceKey.PublicKey) {
				t.Fatalf("expected the instance's key, got %v", err)
			}
		})
	}
}

func TestWhatIsNoRSAPublicKeyInPEMIsRefused(t *testing.T) {
	onCurve := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	public := must(x509.MarshalPKIXPublicKey(&instanceKey.PublicKey))
	for name, text := range map[string]string{
		"nothing":                     "",
		"blanks":                      " \n ",
		"words":                       "not a key",
		"a secret key by mistake":     "sk_test_0123456789abcdef",
		"a private key, PKCS #1":      block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(instanceKey)),
		"a private key, PKCS #8":      block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(instanceKey))),
		"a private key without label": base64.StdEncoding.EncodeToString(must(x509.MarshalPKCS8PrivateKey(instanceKey))),
		"a key on a curve":            block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&onCurve.PublicKey))),
		"a private key on a curve":    block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(onCurve))),
		"1024 bits":                   pemOf(newKey(1024)),
		"half a key":                  pemOf(instanceKey)[:200],
		"something after the key":     block("PUBLIC KEY", append(public, 0)),
		"another label":               block("CERTIFICATE REQUEST", public),
		"a header line without end":   "-----BEGIN PUBLIC KEY",
		"only header and footer":      "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
		"a NUL":                       pemOf(instanceKey)[:100] + "\x00" + pemOf(instanceKey)[100:],
		"an exponent of one":          block("PUBLIC KEY", withExponent(1)),
		"an even exponent":            block("PUBLIC KEY", withExponent(65536)),
		"a PEM with a comment before": "# the key\n" + pemOf(instanceKey),
	} {
		t.Run(name, func(t *testing.T) {
			source, err := verifier.ParsePEM(text)
			if err == nil {
				t.Fatalf("expected an error, got the key %+v", source)
			}
			if len(text) > 40 && strings.Contains(err.Error(), text[30:40]) {
				t.Errorf("the error repeats what was given: %v", err)
			}
			if strings.Contains(err.Error(), "sk_test_") {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

func withExponent(e int) []byte {
	return must(x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: instanceKey.N, E: e}))
}

func TestACertificateOfTheKeyIsAsGoodAsTheKey(t *testing.T) {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &instanceKey.PublicKey, instanceKey))
	key, err := must(verifier.ParsePEM(block("CERTIFICATE", der))).Key(context.Background(), "")
	if err != nil || !key.Public.Equal(&instanceKey.PublicKey) {
		t.Errorf("expected the certificate's key, got %v", err)
	}
}

// Clerk's SDK ignores the kid when it is given the key itself.
func TestAPEMServesTokensOfEveryKid(t *testing.T) {
	v := atNoon(must(verifier.ParsePEM(pemOf(instanceKey))))
	for name, id := range map[string]any{"known": kid, "unknown": "ins_2", "missing": absent, "a number": 1} {
		t.Run(name, func(t *testing.T) {
			if _, err := v.Verify(context.Background(), sign(header(members{"kid": id}), session(nil)), demands); err != nil {
				t.Errorf("expected the token to be accepted, got %v", err)
			}
		})
	}
}

func TestAPEMIsForRS256Only(t *testing.T) {
	v := atNoon(must(verifier.ParsePEM(pemOf(instanceKey))))
	for _, alg := range []string{"RS384", "RS512"} {
		_, err := v.Verify(context.Background(), signWith(alg), demands)
		wantReason(t, err, verifier.ReasonTokenVerificationFailed)
	}
}

// signWith makes a good token with another hash.
func signWith(alg string) string {
	signed := encode(toJSON(header(members{"alg": alg}))) + "." + encode(toJSON(session(nil)))
	return signed + "." + encode(rsaSign(instanceKey, alg, signed))
}
