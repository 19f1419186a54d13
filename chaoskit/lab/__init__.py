"""The SDK lab: what each real SDK does when its endpoint's name goes away, measured cell by cell, beside what its vendor documents."""
