// SPDX-License-Identifier: Apache-2.0

package access

// Denial is the requirement that is not met.
type Denial struct{ requirement Requirement }

const (
	reasonReverification = "reverification-error"
	// reasonInvalid is of a Requirement that NewRequirement did not make.
	reasonInvalid = "invalid-requirement"
)

var reasons = map[Kind]string{
	KindRole:           "missing-role",
	KindPermission:     "missing-permission",
	KindFeature:        "missing-feature",
	KindPlan:           "missing-plan",
	KindReverification: reasonReverification,
	KindScope:          "insufficient-scope",
}

// Reason says in one stable word what is missing: missing-role,
// missing-permission, missing-feature, missing-plan, reverification-error (as
// Clerk's SDKs have it) or insufficient-scope (RFC 6750, section 3.1, but for
// the dash). Of a Requirement that NewRequirement did not make it is
// invalid-requirement.
func (d *Denial) Reason() string {
	if reason, ok := reasons[d.requirement.kind]; ok {
		return reason
	}
	return reasonInvalid
}

// Message says what is demanded. Nothing in it comes from the token, and it can
// stand in a header.
func (d *Denial) Message() string {
	if d.requirement.kind == "" {
		return "the requirement is not valid"
	}
	return "requires " + d.requirement.String()
}

// Reverification is the one that is demanded, or nil when something else is
// missing.
func (d *Denial) Reverification() *Reverification {
	if d.requirement.reverification == nil {
		return nil
	}
	demanded := *d.requirement.reverification
	return &demanded
}

// Scopes lists those of which one is demanded, and is empty when something else
// is missing.
func (d *Denial) Scopes() []string {
	if d.requirement.kind != KindScope {
		return nil
	}
	return d.requirement.names()
}
