// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

// expectation is what follows for a case from the reference's answers.
type expectation struct {
	differences []*Difference
	// plain is what the reference makes of the case as it is.
	plain *Record
	// ours is what this project should make of it.
	ours *Record
}

// expect asks the reference about all cases, as they are and as the
// differences change them.
func expect(jwks []byte, cases []*Case) ([]expectation, error) {
	var asked []*Case
	for _, c := range cases {
		first, second := changed(c, applicable(c))
		asked = append(asked, c, first)
		if second != nil {
			asked = append(asked, second)
		}
	}
	answers, err := askReference(jwks, asked)
	if err != nil {
		return nil, err
	}
	expectations := make([]expectation, len(cases))
	for i, c := range cases {
		differences := applicable(c)
		_, second := changed(c, differences)
		e := expectation{differences: differences, plain: answers[0], ours: answers[1]}
		answers = answers[2:]
		if second != nil {
			e.ours = choose(differences, e.ours, answers[0])
			answers = answers[1:]
		}
		e.finish(c)
		expectations[i] = e
	}
	return expectations, nil
}

func applicable(c *Case) []*Difference {
	var found []*Difference
	for i := range Differences {
		if Differences[i].Applies(c) {
			found = append(found, &Differences[i])
		}
	}
	return found
}

// changed gives the case as the reference is to decide it, and a second one
// when there is a choice to make.
func changed(c *Case, differences []*Difference) (first, second *Case) {
	altered := *c
	for _, d := range differences {
		if d.Before != nil {
			d.Before(&altered)
		}
	}
	for _, d := range differences {
		if d.Otherwise != nil {
			other := altered
			d.Otherwise(&other)
			return &altered, &other
		}
	}
	return &altered, nil
}

func choose(differences []*Difference, first, second *Record) *Record {
	for _, d := range differences {
		if d.OneOf != nil {
			return d.OneOf(first, second)
		}
	}
	return first
}

// finish applies the Afters, the last difference's first.
func (e *expectation) finish(c *Case) {
	record := *e.ours
	for i := len(e.differences) - 1; i >= 0; i-- {
		if after := e.differences[i].After; after != nil {
			after(c, &record)
		}
	}
	e.ours = &record
}
