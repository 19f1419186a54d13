module chaoskit/door

go 1.22
