// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// filePlaceholder finds a placeholder that stands for a file's content.
var filePlaceholder = regexp.MustCompile(`^\{file\.([^{}]+)\}$`)

// examineSecrets looks at who else can read what only Caddy should.
func examineSecrets(_ context.Context, _ *console, p *patient) []checkup {
	var checks []checkup
	for _, l := range p.gate.layers() {
		if l.name == layerEnvironment {
			continue
		}
		for _, setting := range []struct{ name, value string }{
			{"secret_key", l.settings.SecretKey}, {"machine_secret_key", l.settings.MachineSecretKey},
		} {
			switch file := filePlaceholder.FindStringSubmatch(setting.value); {
			case setting.value == "":
			case file != nil:
				checks = append(checks, examineSecretFile(setting.name, file[1])...)
			case !strings.ContainsRune(setting.value, '{'):
				checks = append(checks, warning(
					"write {env.CLERK_"+strings.ToUpper(setting.name)+"} or {file./run/secrets/clerk} in its place, and make another key in the Clerk Dashboard if others have read this one",
					"%s stands in the configuration itself, which Caddy saves and shows to whoever may ask its admin endpoint", setting.name))
			}
		}
	}
	switch {
	case len(checks) > 0:
		return checks
	case p.SecretKey == "" && p.MachineSecretKey == "":
		return []checkup{fine("none; browsers go through a handshake for every session that has expired, and opaque machine tokens are refused")}
	default:
		return []checkup{fine("they stand in the environment or in files for few")}
	}
}

// readableByOthers are the permissions that everybody has.
const readableByOthers fs.FileMode = 0o004

func examineSecretFile(setting, path string) []checkup {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&readableByOthers == 0 {
		return nil // That it cannot be read, the settings have told.
	}
	return []checkup{warning("chmod o-rwx "+path, "%s is in a file that everybody on this machine can read (%s)", setting, info.Mode().Perm())}
}

// examineBackendAPI asks with the secret key.
func examineBackendAPI(ctx context.Context, c *console, p *patient) []checkup {
	if p.SecretKey == "" {
		return []checkup{skipped("there is no secret_key to ask it with")}
	}
	p.backend = c.fetchBackendKeys(ctx, p.resolved)
	if p.backend.err == nil {
		_, p.backend.err = verifier.InspectJWKS(p.backend.body)
		if p.backend.err == nil {
			return []checkup{fine("%s answers and accepts the secret key", p.backend.from)}
		}
	}
	err := p.backend.err
	_, answered := errors.AsType[*backendapi.Error](err)
	switch {
	case isKeyRefused(err):
		return []checkup{failed("copy secret_key once more from the Clerk Dashboard (API keys), whole; if it was revoked, make another",
			"%s does not accept the secret key", p.backend.from)}
	case backendapi.Unavailable(err) && !answered:
		return []checkup{failed("let this machine reach "+p.backend.from+", and check the spelling of api_url, DNS, proxies and firewalls", "%v", err)}
	case backendapi.Unavailable(err):
		return []checkup{failed("wait, and look at status.clerk.com", "%v", err)}
	default:
		return []checkup{failed("set api_url to the Backend API, "+backendapi.DefaultAPIURL+", or leave it out",
			"%s does not answer as Clerk's Backend API: %v", p.backend.from, err)}
	}
}

// examineFrontendAPI asks the API that the publishable key names.
func examineFrontendAPI(ctx context.Context, c *console, p *patient) []checkup {
	if p.PublishableKey == "" {
		return []checkup{skipped("there is no publishable_key to name it")}
	}
	p.frontend = c.fetchPublicKeys(ctx, p.frontendKeySet())
	if p.frontend.err == nil {
		_, p.frontend.err = verifier.InspectJWKS(p.frontend.body)
	}
	if p.frontend.err == nil {
		return []checkup{fine("https://%s answers", p.key.FrontendAPI)}
	}
	found := failed("check that publishable_key is the instance's, that its domain is set up in the Clerk Dashboard (Domains), and that DNS, proxies and firewalls let this machine reach it",
		"https://%s does not answer as Clerk's Frontend API: %v", p.key.FrontendAPI, p.frontend.err)
	if p.ProxyURL != "" {
		// Browsers reach it by the proxy, and so may this machine.
		found.Result = checkupWarning
		found.Remedy = "nothing, if it is reached by proxy_url alone; otherwise " + found.Remedy
	}
	return []checkup{found}
}

func (p *patient) frontendKeySet() string {
	return "https://" + p.key.FrontendAPI + wellKnownKeys
}

// examineKeySet looks at the keys that tokens are held against.
func examineKeySet(ctx context.Context, c *console, p *patient) []checkup {
	switch {
	case p.keys.pem != "":
		return []checkup{fine("jwt_key, %s", describePEM(p.keys.pem))}
	case p.keys.backendAPI:
		p.own = p.backend
	case p.keys.url == "":
		return []checkup{skipped("no setting says where keys are, and the tokens that are accepted need none")}
	case p.frontend != nil && p.keys.url == p.frontendKeySet():
		p.own = p.frontend
	default:
		p.own = c.fetchPublicKeys(ctx, p.keys.url)
	}
	if p.own.err != nil {
		return []checkup{failed(p.keySetRemedy(), "tokens cannot be verified: %v", p.own.err)}
	}
	keys, err := verifier.InspectJWKS(p.own.body)
	if err != nil {
		return []checkup{failed(p.keySetRemedy(), "%s gives no key set: %v", p.own.from, err)}
	}
	return p.examineKeys(keys)
}

func (p *patient) keySetRemedy() string {
	if p.JWKSURL != "" {
		return "set jwks_url to the instance's key set, or leave it out: it is found by the secret key, and without one by the publishable key"
	}
	return "set right what is wrong with the API above, whose key set it is"
}

// examineKeys says of each key why it is of no use.
func (p *patient) examineKeys(keys []verifier.InspectedKey) []checkup {
	var checks []checkup
	usable := 0
	for _, key := range keys {
		if key.Unusable == nil {
			usable++
			continue
		}
		checks = append(checks, warning("tokens that this key signs are refused: replace it with an RSA key of 2048 bits or more, or take it out of the set",
			"the key %q of %s: %v", key.ID, p.own.from, key.Unusable))
	}
	if usable > 0 {
		return append(checks, fine("%s: %s", p.own.from, describeSet(p.own.body)))
	}
	for i := range checks {
		checks[i].Result = checkupFailed
	}
	if len(checks) == 0 {
		return []checkup{failed(p.keySetRemedy(), "%s gives a key set without keys", p.own.from)}
	}
	return checks
}

// examineInstance holds what the keys say against each other. Clerk's key ID is
// the instance's, and its public key is nobody else's.
func examineInstance(_ context.Context, _ *console, p *patient) []checkup {
	if p.frontend == nil || p.frontend.err != nil {
		if p.backend == nil || p.backend.err != nil || p.keys.pem == "" {
			return []checkup{skipped("it takes an answer of the Frontend API to tell whose the keys are")}
		}
	}
	var checks []checkup
	compare := func(setting string, keys []*rsa.PublicKey, named, with string, other *fetchedSet) {
		if len(keys) == 0 || other == nil || other.err != nil {
			return
		}
		if shares(keys, publicKeys(other.body)) {
			return
		}
		checks = append(checks, failed("take "+setting+" and "+with+" from the same instance in the Clerk Dashboard (API keys); the front end's publishable key tells which is meant",
			"%s is of another instance (%s) than %s (%s)", setting, named, with, describeSet(other.body)))
	}
	if p.backend != nil && p.backend.err == nil {
		compare("secret_key", publicKeys(p.backend.body), describeSet(p.backend.body), "publishable_key", p.frontend)
	}
	if p.keys.pem != "" {
		reference, with := p.frontend, "publishable_key"
		if reference == nil || reference.err != nil {
			reference, with = p.backend, "secret_key"
		}
		compare("jwt_key", pemKeys(p.keys.pem), "another public key", with, reference)
	}
	if p.JWKSURL != "" && p.own != nil && p.own.err == nil {
		compare("jwks_url", publicKeys(p.own.body), describeSet(p.own.body), "publishable_key", p.frontend)
	}
	if len(checks) > 0 {
		return checks
	}
	return []checkup{fine("all keys are of one instance")}
}

// publicKeys gives the RSA keys of a set.
func publicKeys(body []byte) []*rsa.PublicKey {
	inspected, err := verifier.InspectJWKS(body)
	if err != nil {
		return nil
	}
	var keys []*rsa.PublicKey
	for _, key := range inspected {
		if key.Public != nil {
			keys = append(keys, key.Public)
		}
	}
	return keys
}

func pemKeys(pem string) []*rsa.PublicKey {
	keys, err := verifier.ParsePEM(pem)
	if err != nil {
		return nil
	}
	return []*rsa.PublicKey{keys.Public()}
}

func shares(some, others []*rsa.PublicKey) bool {
	return slices.ContainsFunc(some, func(key *rsa.PublicKey) bool {
		return slices.ContainsFunc(others, func(other *rsa.PublicKey) bool { return key.Equal(other) })
	})
}

// noticedSkew is the difference of clocks that is worth a word.
const noticedSkew = 2 * time.Second

// examineClock compares this machine's clock with that of whoever has answered.
func examineClock(_ context.Context, _ *console, p *patient) []checkup {
	var set *fetchedSet
	for _, asked := range []*fetchedSet{p.backend, p.frontend, p.own} {
		if asked != nil && asked.err == nil && !asked.date.IsZero() {
			set = cmp.Or(set, asked)
		}
	}
	if set == nil {
		return []checkup{skipped("nobody has answered who says what time it is")}
	}
	off, direction := set.skew, "ahead of"
	if off < 0 {
		off, direction = -off, "behind"
	}
	remedy := "keep this machine's clock with NTP: enable systemd-timesyncd or chrony, or restart the virtual machine that slept"
	switch {
	case off > p.want.ClockSkew:
		return []checkup{failed(remedy, "this machine's clock is %s %s that of %s, and %s are forgiven: tokens are refused", off, direction, set.from, p.want.ClockSkew)}
	case off > noticedSkew:
		return []checkup{warning(remedy, "this machine's clock is %s %s that of %s, of %s that are forgiven", off, direction, set.from, p.want.ClockSkew)}
	default:
		return []checkup{fine("within %s of that of %s", noticedSkew, set.from)}
	}
}
