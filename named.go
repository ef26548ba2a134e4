// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

var instanceName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

var errEmptyInstance = errors.New("expected a block of settings, such as publishable_key and secret_key")

func checkInstanceName(name string) error {
	if !instanceName.MatchString(name) {
		return fmt.Errorf("instance: expected a name of letters, digits, dashes and underscores, such as acme, got %q", name)
	}
	return nil
}

func (s Settings) isEmpty() bool { return reflect.ValueOf(s).IsZero() }

// complete gives the settings of a gate or of a provider with what they leave
// open taken from the instance that it names, the app, and the environment.
func (a *App) complete(own Settings, name string) (*resolved, error) {
	repl := caddy.NewReplacer()
	behind := a.Settings.over(environment(), repl)
	if name != "" {
		named, ok := a.Instances[name]
		if !ok {
			return nil, a.unknownInstance(name)
		}
		behind = named.over(behind, repl)
		if own.keyring(repl).isAnother(behind.keyring(repl)) {
			return nil, fmt.Errorf("instance: %s has other keys than those that are set beside it; leave them out, or leave instance out", name)
		}
	}
	completed := own.over(behind, repl)
	r, err := completed.resolve(repl)
	if errors.Is(err, errNoPublishableKey) {
		return nil, a.explainMissing(err, completed, name)
	}
	if err != nil {
		return nil, err
	}
	return r, a.claim(r.keyringFrom(repl, own, a.Instances[name], a.Settings, environment()))
}

// explainMissing says why there is no publishable key although the
// configuration has some.
func (a *App) explainMissing(err error, completed Settings, name string) error {
	switch {
	case completed.SecretKey != "" && (a.PublishableKey != "" || environment().PublishableKey != ""):
		return fmt.Errorf("%w; the one that would be inherited stands beside another secret_key, so write it beside this one, too", err)
	case name == "" && len(a.Instances) > 0:
		return fmt.Errorf("%w; or choose one that has a name there with instance: %s", err, a.names(" or "))
	}
	return err
}

func (a *App) unknownInstance(name string) error {
	if len(a.Instances) == 0 {
		return fmt.Errorf("instance: expected the name of one in the global option clerk, which has none yet, got %q", name)
	}
	return fmt.Errorf("instance: expected %s, as in the global option clerk, got %q", a.names(" or "), name)
}

func (a *App) names(separator string) string {
	return strings.Join(slices.Sorted(maps.Keys(a.Instances)), separator)
}

// checkInstances finds the mistakes in the instances that have names, be they
// used or not. A site that will use one should not be the first to find them.
func (a *App) checkInstances() error {
	for _, name := range slices.Sorted(maps.Keys(a.Instances)) {
		if err := checkInstanceName(name); err != nil {
			return err
		}
		if err := a.checkInstance(name); err != nil {
			return fmt.Errorf("instance %s: %w", name, err)
		}
	}
	return nil
}

// checkInstance does all that a gate with nothing but the name would, and lets
// go of it.
func (a *App) checkInstance(name string) error {
	if a.Instances[name].isEmpty() {
		return errEmptyInstance
	}
	r, err := a.complete(Settings{}, name)
	if err != nil {
		return err
	}
	key := r.instanceKey()
	pooled, err := takeInstance(key, r)
	if err != nil {
		return err
	}
	_, err = a.authenticator(pooled, r, a.log)
	_, failure := instances.Delete(key)
	return errors.Join(err, failure)
}
