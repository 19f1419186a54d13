/* One lookup by the C library: addresses, or the error's number and text. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int count, char **words)
{
    struct addrinfo hints, *found, *one;
    char text[64];
    int error;
    (void)count;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    error = getaddrinfo(words[1], "443", &hints, &found);
    if (error) {
        printf("%d %s\n", error, gai_strerror(error));
        return 0;
    }
    for (one = found; one; one = one->ai_next) {
        getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
        printf("%s ", text);
    }
    printf("\n");
    return 0;
}
