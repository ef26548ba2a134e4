// SPDX-License-Identifier: Apache-2.0

package access

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// The levels of a reverification.
const (
	levelFirst  = "first_factor"
	levelSecond = "second_factor"
	levelMulti  = "multi_factor"
)

const (
	// never is the age of a factor that was not verified.
	never = -1
	// maxMinutes is a year, beyond which a number is more likely a mistake.
	maxMinutes = 365 * 24 * 60
)

// Reverification demands that someone has proved not long ago who they are
// (https://clerk.com/docs/guides/secure/reverification). The zero value is never
// satisfied.
type Reverification struct {
	// Level is first_factor, second_factor or multi_factor. Of somebody without a
	// second factor, the first counts for it.
	Level string
	// AfterMinutes is the age at which a factor no longer counts.
	AfterMinutes int

	preset string // empty for one of its own
}

// presets lists Clerk's own, the strictest first.
var presets = []Reverification{
	{Level: levelMulti, AfterMinutes: 10, preset: "strict_mfa"},
	{Level: levelSecond, AfterMinutes: 10, preset: "strict"},
	{Level: levelSecond, AfterMinutes: 60, preset: "moderate"},
	{Level: levelSecond, AfterMinutes: 24 * 60, preset: "lax"},
}

const (
	presetsText = "strict_mfa, strict, moderate or lax"
	levelsText  = "first_factor, second_factor or multi_factor"
)

// ParseReverification reads the name of one of Clerk's presets (strict_mfa,
// strict, moderate or lax), or a level and the minutes for which it holds.
func ParseReverification(words ...string) (*Reverification, error) {
	switch len(words) {
	case 1:
		return parsePreset(words[0])
	case 2:
		return parseLevel(words[0], words[1])
	}
	return nil, fmt.Errorf("expected %s, or a level (%s) and minutes, got %d words", presetsText, levelsText, len(words))
}

func parsePreset(name string) (*Reverification, error) {
	for _, preset := range presets {
		if preset.preset == name {
			return &preset, nil
		}
	}
	if isLevel(name) {
		return nil, fmt.Errorf("expected minutes after the level %s, as in %q", name, name+" 10")
	}
	return nil, fmt.Errorf("expected %s, or a level (%s) and minutes, got %q", presetsText, levelsText, name)
}

func parseLevel(level, minutes string) (*Reverification, error) {
	if !isLevel(level) {
		return nil, fmt.Errorf("expected the level to be %s, got %q; %s stand alone", levelsText, level, presetsText)
	}
	after, err := strconv.ParseUint(minutes, 10, 31)
	if err != nil || after < 1 || after > maxMinutes {
		return nil, fmt.Errorf("expected the minutes to be a whole number from 1 to %d, without a unit, got %q", maxMinutes, minutes)
	}
	return &Reverification{Level: level, AfterMinutes: int(after)}, nil
}

func isLevel(word string) bool {
	return word == levelFirst || word == levelSecond || word == levelMulti
}

// String describes it in a few words.
func (r *Reverification) String() string {
	minutes := "minutes"
	if r.AfterMinutes == 1 {
		minutes = "minute"
	}
	text := fmt.Sprintf("%s within %d %s", r.Level, r.AfterMinutes, minutes)
	if r.preset == "" {
		return text
	}
	return fmt.Sprintf("%s (%s)", r.preset, text)
}

// satisfiedBy goes by the ages of the factors. A factor counts while it is
// younger than AfterMinutes.
func (r *Reverification) satisfiedBy(ages *verifier.FactorAges) bool {
	if ages == nil || ages.First < never || ages.Second < never {
		return false
	}
	second := ages.Second
	if second == never {
		second = ages.First
	}
	switch r.Level {
	case levelFirst:
		return r.fresh(ages.First)
	case levelSecond:
		return r.fresh(second)
	case levelMulti:
		return r.fresh(ages.First) && r.fresh(second)
	}
	return false
}

func (r *Reverification) fresh(age int) bool { return age != never && age < r.AfterMinutes }

// MarshalJSON writes it as it is written for Clerk's has(): a preset by its
// name.
func (r *Reverification) MarshalJSON() ([]byte, error) {
	if r.preset != "" {
		return json.Marshal(r.preset)
	}
	return json.Marshal(struct {
		Level        string `json:"level"`
		AfterMinutes int    `json:"afterMinutes"`
	}{r.Level, r.AfterMinutes})
}

// ErrorBody is the JSON body, to be sent with the status 403, on which Clerk's
// front-end SDKs ask for the factors and try again (useReverification). It is
// that of reverificationError in npm @clerk/shared.
func (r *Reverification) ErrorBody() []byte {
	config, _ := r.MarshalJSON() // Strings and numbers always can be written.
	var b strings.Builder
	b.WriteString(`{"clerk_error":{"type":"forbidden","reason":"` + reasonReverification + `","metadata":{"reverification":`)
	b.Write(config)
	b.WriteString(`}}}`)
	return []byte(b.String())
}
