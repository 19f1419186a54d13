/** One lookup by the JVM, which asks the C library. */
public class Lookup {
    public static void main(String[] words) {
        try {
            StringBuilder found = new StringBuilder();
            for (java.net.InetAddress one : java.net.InetAddress.getAllByName(words[0])) {
                found.append(one.getHostAddress()).append(' ');
            }
            System.out.println(found);
        } catch (java.net.UnknownHostException error) {
            System.out.println("UnknownHostException: " + error.getMessage());
        }
    }
}
